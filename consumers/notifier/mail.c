/* SPDX-License-Identifier: Apache-2.0
 * Whatever comes from people stands here encoded: a header value holds printable ASCII only, by construction,
 * so no name and no city can begin a line of its own. Control characters are refused before that. */
#include "consumers/notifier/mail.h"

#include <string.h>
#include <time.h>

enum { LINE_MOST = 76, WORD_BYTES_MOST = 75 - 12 }; /* "=?UTF-8?Q?" and "?=" take twelve */

static const char hex[] = "0123456789ABCDEF";

static bool one_line(struct span text)
{
    for (size_t at = 0; at < text.size; at++) {
        unsigned char byte = (unsigned char)text.data[at];
        if (byte < 0x20 || byte == 0x7f)
            return false;
    }
    return true;
}

static bool all_ascii(struct span text)
{
    for (size_t at = 0; at < text.size; at++) {
        if ((unsigned char)text.data[at] > 0x7e)
            return false;
    }
    return true;
}

/* How many bytes the character at text begins takes. */
static size_t character(struct span text)
{
    size_t size = 1;
    while (size < text.size && ((unsigned char)text.data[size] & 0xc0) == 0x80)
        size++;
    return size;
}

static bool plain_in_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static void put_escape(unsigned char byte, struct buf *to)
{
    buf_byte(to, '=');
    buf_byte(to, hex[byte >> 4]);
    buf_byte(to, hex[byte & 15]);
}

static void put_word_character(struct span bytes, struct buf *to)
{
    for (size_t at = 0; at < bytes.size; at++) {
        if (plain_in_word(bytes.data[at]))
            buf_byte(to, bytes.data[at]);
        else if (bytes.data[at] == ' ')
            buf_byte(to, '_');
        else
            put_escape((unsigned char)bytes.data[at], to);
    }
}

/* Encoded words, no character of the text cut in two, folded one a line of at most 76. column: how much of
 * the first line is written already. */
static void put_words(struct span text, size_t column, struct buf *to)
{
    size_t until = 0; /* where the word in hand must end */
    for (size_t at = 0; at < text.size;) {
        size_t size = character((struct span){text.data + at, text.size - at});
        if (to->size + 3 * size > until) {
            buf_text(to, at == 0 ? "=?UTF-8?Q?" : "?=\r\n =?UTF-8?Q?");
            until = to->size + WORD_BYTES_MOST - (at == 0 ? column : 0);
        }
        put_word_character((struct span){text.data + at, size}, to);
        at += size;
    }
    buf_text(to, "?=");
}

/* Free text of a header. Long ASCII would need folding, and words fold by themselves. */
static void put_free(struct span text, size_t column, struct buf *to)
{
    if (all_ascii(text) && text.size <= 60 && !memchr(text.data, '=', text.size))
        buf_span(to, text);
    else
        put_words(text, column, to);
}

/* A display name: letters and spaces stand bare, anything else goes into words. */
static bool stands_bare(const char *name)
{
    bool bare = strlen(name) <= 40 && name[0] != ' ' && name[strlen(name) - 1] != ' ' && !strstr(name, "  ");
    for (const char *byte = name; *byte != '\0'; byte++)
        bare = bare && (plain_in_word(*byte) || *byte == ' ');
    return bare;
}

static void put_address(const char *field, const char *name, const char *address, struct buf *to)
{
    buf_format(to, "%s: ", field);
    if (name[0] != '\0' && stands_bare(name))
        buf_format(to, "%s\r\n ", name);
    else if (name[0] != '\0') {
        put_words(span_of(name), strlen(field) + 2, to);
        buf_text(to, "\r\n ");
    }
    buf_format(to, "<%s>\r\n", address);
}

static void put_date(int64_t now_ms, struct buf *to)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm at;
    if (!gmtime_r(&seconds, &at))
        return;
    buf_format(to, "Date: %s, %02d %s %04d %02d:%02d:%02d +0000\r\n", days[at.tm_wday], at.tm_mday,
               months[at.tm_mon], at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
}

/* The same id for every try: mail systems that meet a second copy can tell. */
static void put_message_id(const struct mail *mail, struct buf *to)
{
    const char *at = strrchr(mail->from, '@');
    buf_format(to, "Message-ID: <%s@%s>\r\n", mail->notice->id.text, at ? at + 1 : "localhost");
}

static bool needs_escape(struct span body, size_t at)
{
    unsigned char byte = (unsigned char)body.data[at];
    bool last = at + 1 == body.size || body.data[at + 1] == '\n';
    return byte > 0x7e || byte == '=' || (byte < 0x20 && byte != '\t') ||
           ((byte == ' ' || byte == '\t') && last);
}

/* RFC 2045, 6.7 */
static void put_quoted_printable(struct span body, struct buf *to)
{
    size_t line = 0;
    for (size_t at = 0; at < body.size; at++) {
        if (body.data[at] == '\n') {
            buf_text(to, "\r\n");
            line = 0;
            continue;
        }
        size_t size = needs_escape(body, at) ? 3 : 1;
        if (line + size > LINE_MOST - 1) {
            buf_text(to, "=\r\n");
            line = 0;
        }
        if (size == 3)
            put_escape((unsigned char)body.data[at], to);
        else
            buf_byte(to, body.data[at]);
        line += size;
    }
}

int mail_write(const struct mail *mail, struct buf *to)
{
    const struct notice *notice = mail->notice;
    if (!one_line(mail->subject) || !one_line(span_of(notice->name)) || !one_line(span_of(notice->address)) ||
        !one_line(span_of(mail->from)) || !one_line(span_of(mail->from_name)))
        return MAIL_INJECTION;
    put_date(notice->now_ms, to);
    put_address("From", mail->from_name, mail->from, to);
    put_address("To", notice->name, notice->address, to);
    put_message_id(mail, to);
    buf_text(to, "Subject: ");
    put_free(mail->subject, strlen("Subject: "), to);
    buf_format(to, "\r\nX-Colis-Notification: %s\r\n", notice->id.text);
    if (notice->repeat)
        buf_text(to, "X-Colis-Repeat: possible\r\n");
    buf_text(to, "Auto-Submitted: auto-generated\r\n"
                 "MIME-Version: 1.0\r\n"
                 "Content-Type: text/plain; charset=UTF-8\r\n"
                 "Content-Transfer-Encoding: quoted-printable\r\n"
                 "\r\n");
    put_quoted_printable(mail->body, to);
    return 0;
}
