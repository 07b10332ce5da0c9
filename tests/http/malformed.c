/* SPDX-License-Identifier: Apache-2.0
 * The requests of malformed.tsv (shared data, read in place), each as it stands and once completed: with a
 * Host, a media type, and a method that takes a body, so that the fault meant is the one met. Beside each
 * line stands what RFC 9112 demands; no request hidden in another is ever executed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/http/cases.h"
#include "tests/http/site.h"

enum { LINES = 39, BYTES = 4096 };

/* All statuses the connection sees before it is closed: as it stands, completed. */
static const struct {
    const char *plain, *completed, *why;
} wanted[LINES] = {
    {"400 ", "400 ", "7.1: a chunk size is hexadecimal digits only"},
    {"400 ", "400 ", "5.1: no white space before the colon"},
    {"400 ", "400 ", "2.3: one digit, a point, one digit"},
    {"400 ", "400 ", "3.2: the target has no form that is known"},
    {"400 ", "400 ", "3: single spaces separate the parts of a request line"},
    {"400 ", "400 ", "6.1: chunked may be applied once"},
    {"400 ", "400 ", "2.2: a bare CR is no line end"},
    {"400 ", "400 ", "2.3: no version"},
    {"400 ", "400 ", "7.1: a chunk size has a digit"},
    {"400 ", "400 ", "2.2: a line feed is no white space of a field; it may end a line, we demand CRLF"},
    {"400 ", "400 ", "6.3: an unknown coding beside a length"},
    {"400 ", "400 ", "6.3: lengths that differ"},
    {"400 ", "400 ", "6: the body never comes; a GET with one is refused by us"},
    {"400 ", "400 ", "5: a field has a name"},
    {"400 ", "400 ", "6.3: a length is digits only"},
    {"400 ", "400 ", "7.1.1: a chunk's line ends with CRLF"},
    {"400 ", "400 ", "6.3: lengths that differ"},
    {"400 ", "400 ", "5.5 of RFC 9110: NUL in a value is dangerous: refused"},
    {"400 ", "400 ", "5.1: a field's name and colon stand in one line"},
    {"400 ", "400 ", "7.1: trailer fields: refused by us"},
    {"200 ", "200 ", "5.5 of RFC 9110: bytes over 0x7f are opaque, nothing is stripped"},
    {"400 ", "400 ", "5.5 of RFC 9110: NUL in a value"},
    {"400 ", "200 ", "9.6: what follows the request that closes is never read"},
    {"415 ", "400 ", "7.1: an invalid chunk ends the connection, nothing after it is a request"},
    {"400 ", "400 ", "6.3: a length is digits only"},
    {"415 ", "400 ", "7.1.1: no CR before an extension"},
    {"400 ", "400 ", "6.3: a length has a digit"},
    {"400 ", "400 ", "7.1: a chunk size is hexadecimal digits only"},
    {"400 ", "400 ", "6.1: may be read as chunked; refused by us"},
    {"400 ", "400 ", "6.3: a length has a digit"},
    {"400 ", "400 ", "7.1: chunk data ends with CRLF"},
    {"400 ", "400 ", "6.3: an unknown coding beside a length"},
    {"415 ", "400 ", "7.1: an empty line is no chunk"},
    {"400 ", "400 ", "7.1: a chunk size is hexadecimal digits only"},
    {"400 ", "200 ", "6: a body is read by its length; with GET it is refused by us"},
    {"400 ", "400 ", "6.3: a length beside a coding"},
    {"400 ", "400 ", "6.1: chunked may be applied once"},
    {"400 ", "200 400 ", "2.2: NUL begins no request; the one before it was whole"},
    {"505 ", "505 ", "3.4 of RFC 9113: the preface of another version"},
};

struct row {
    char bytes[BYTES];
    size_t size;
};

static int hex(char byte)
{
    return byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
}

static void unescape(const char *text, struct row *ret_row)
{
    ret_row->size = 0;
    for (; *text && *text != '\n'; text++) {
        char byte = *text;
        if (byte == '\\') {
            byte = *++text;
            if (byte == 'x') {
                byte = (char)(hex(text[1]) * 16 + hex(text[2]));
                text += 2;
            } else {
                byte = byte == 'r' ? '\r' : byte == 'n' ? '\n' : byte == 't' ? '\t' : byte;
            }
        }
        ck_assert_uint_lt(ret_row->size, BYTES);
        ret_row->bytes[ret_row->size++] = byte;
    }
}

/* The rows of the file; how many. */
static size_t read_rows(struct row rows[LINES + 1])
{
    const char *folder = getenv("COLIS_SHARED_DATA");
    char path[512], line[2 * BYTES];
    snprintf(path, sizeof(path), "%s/http/malformed.tsv", folder ? folder : ".");
    FILE *file = fopen(path, "re");
    size_t count = 0;
    while (file && count <= LINES && fgets(line, sizeof(line), file)) {
        const char *last = strrchr(line, '\t');
        if (line[0] != '#' && last)
            unescape(last + 1, &rows[count++]);
    }
    if (file)
        fclose(file);
    else
        fprintf(stderr, "SKIPPED: %s is absent, its requests were not tried\n", path);
    return count;
}

static bool contains(const struct row *row, const char *text)
{
    return memmem(row->bytes, row->size, text, strlen(text)) != NULL;
}

/* In front of the first field: what the request lacks. */
static void complete(struct row *row)
{
    CLEANUP(buf_done) struct buf text = {0};
    char *line = memmem(row->bytes, row->size, "\r\n", 2);
    if (!line || line - row->bytes > 24)
        return;
    const char *head_end = memmem(row->bytes, row->size, "\r\n\r\n", 4);
    struct row head = *row;
    head.size = head_end ? (size_t)(head_end - row->bytes) : row->size;
    bool framed =
        contains(&head, "Transfer-Encoding") || contains(&head, "ontent-") || contains(&head, "Encoding:");
    buf_append(&text, row->bytes, (size_t)(line - row->bytes) + 2);
    if (framed && memcmp(text.data, "GET ", 4) == 0) {
        buf_clear(&text);
        buf_text(&text, "POST ");
        buf_append(&text, row->bytes + 4, (size_t)(line - row->bytes) - 2);
    }
    if (!contains(&head, "ost: "))
        buf_text(&text, "Host: a\r\n");
    buf_text(&text, "Content-Type: application/json\r\n");
    buf_append(&text, line + 2, row->size - (size_t)(line + 2 - row->bytes));
    ck_assert_uint_lt(text.size, BYTES);
    memcpy(row->bytes, text.data, text.size);
    row->size = text.size;
}

static void check(const struct row *row, const char *statuses, const char *why)
{
    struct site site;
    struct client client;
    char seen[64] = "";
    size_t executed = 0, calls = 0;
    site_open(&site, NULL);
    client_open(&client, &site);
    client_send(&client, (struct span){row->bytes, row->size});
    client_shut(&client);
    for (struct answer answer; (answer = client_answer(&client)).status != 0;) {
        snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%d ", answer.status);
        executed += answer.status == 200;
    }
    for (size_t i = 0; i < site.called.size; i++)
        calls += site.called.data[i] == '/';
    ck_assert_msg(strcmp(seen, statuses) == 0, "%s instead of %s (%s): %.*s", seen, statuses, why,
                  (int)row->size, row->bytes);
    ck_assert_msg(calls == executed, "a hidden request was executed: %s", site.called.data);
    client_close(&client);
    site_close(&site);
}

START_TEST(answers_each_malformed_request_as_rfc_9112_demands)
{
    struct row rows[LINES + 1];
    size_t count = read_rows(rows);
    if (count == 0)
        return;
    ck_assert_uint_eq(count, LINES);
    check(&rows[_i], wanted[_i].plain, wanted[_i].why);
    complete(&rows[_i]);
    check(&rows[_i], wanted[_i].completed, wanted[_i].why);
}
END_TEST

TCase *malformed_cases(void)
{
    TCase *cases = tcase_create("malformed");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, answers_each_malformed_request_as_rfc_9112_demands, 0, LINES);
    return cases;
}
