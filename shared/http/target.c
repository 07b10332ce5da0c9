/* SPDX-License-Identifier: Apache-2.0
 * Request targets and hosts by their grammar (RFC 3986, RFC 9112 section 3.2). Escaped unreserved characters
 * are unescaped in place, so one path has one text; escaped control characters are refused; nothing else is
 * decoded, so an escaped slash never becomes a separator. */
#include <string.h>
#include <strings.h>

#include "shared/http/connection.h"

static bool letter(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool among(const char *set, unsigned char byte)
{
    return byte != 0 && strchr(set, byte) != NULL;
}

static bool unreserved(unsigned char byte)
{
    return letter(byte) || digit(byte) || among("-._~", byte);
}

/* RFC 9110 section 5.6.2 */
bool target_token(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!letter((unsigned char)text.data[i]) && !digit((unsigned char)text.data[i]) &&
            !among("!#$%&'*+-.^_`|~", (unsigned char)text.data[i]))
            return false;
    return text.size > 0;
}

static bool port_valid(struct span port)
{
    unsigned value = 0;
    for (size_t i = 0; i < port.size; i++) {
        if (!digit((unsigned char)port.data[i]) || value > 65535)
            return false;
        value = value * 10 + (unsigned)(port.data[i] - '0');
    }
    return value <= 65535;
}

static size_t literal_size(struct span host) /* [2001:db8::1], brackets included; 0 where it is none */
{
    for (size_t i = 1; i < host.size; i++) {
        unsigned char byte = (unsigned char)host.data[i];
        if (byte == ']')
            return i > 2 ? i + 1 : 0;
        if (!digit(byte) && !among("abcdefABCDEF:.", byte))
            return 0;
    }
    return 0;
}

bool target_host(struct span host)
{
    size_t size = 0;
    if (host.size > 0 && host.data[0] == '[')
        size = literal_size(host);
    else
        while (size < host.size && unreserved((unsigned char)host.data[size]))
            size++;
    if (size == 0)
        return false;
    if (size == host.size)
        return true;
    return host.data[size] == ':' && port_valid((struct span){host.data + size + 1, host.size - size - 1});
}

static int hex(unsigned char byte)
{
    if (digit(byte))
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Checks and normalises [from, from + size) in place; false where a byte may not stand there. */
static bool normalise(char *text, size_t size, const char *also, size_t *ret_size)
{
    size_t to = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte != '%') {
            if (!unreserved(byte) && !among("!$&'()*+,;=:@/", byte) && !among(also, byte))
                return false;
            text[to++] = text[i];
            continue;
        }
        int high = i + 2 < size ? hex((unsigned char)text[i + 1]) : -1;
        int low = i + 2 < size ? hex((unsigned char)text[i + 2]) : -1;
        int decoded = high * 16 + low;
        if (high < 0 || low < 0 || decoded < 0x20 || decoded == 0x7f)
            return false;
        if (unreserved((unsigned char)decoded)) {
            text[to++] = (char)decoded;
        } else {
            memmove(text + to, text + i, 3);
            to += 3;
        }
        i += 2;
    }
    *ret_size = to;
    return true;
}

/* absolute-form: what a proxy is sent, and what a server must take all the same. The authority has to be one;
 * which it is does not matter here, there is one site. */
static bool strip_authority(struct span *target)
{
    size_t scheme = 0;
    if (target->size > 7 && strncasecmp(target->data, "http://", 7) == 0)
        scheme = 7;
    else if (target->size > 8 && strncasecmp(target->data, "https://", 8) == 0)
        scheme = 8;
    if (scheme == 0)
        return false;
    const char *start = target->data + scheme, *end = target->data + target->size, *slash = start;
    while (slash < end && *slash != '/' && *slash != '?')
        slash++;
    if (!target_host((struct span){start, (size_t)(slash - start)}) || slash == end || *slash != '/')
        return false;
    *target = (struct span){slash, (size_t)(end - slash)};
    return true;
}

bool target_read(struct span target, struct http_seen *seen)
{
    if (target.size == 0 || (target.data[0] != '/' && !strip_authority(&target)))
        return false;
    char *text = (char *)target.data; /* it stands in the connection's own head buffer */
    char *mark = memchr(text, '?', target.size);
    size_t path = mark ? (size_t)(mark - text) : target.size, query = 0;
    if (mark && !normalise(mark + 1, target.size - path - 1, "?", &query))
        return false;
    seen->query = (struct span){mark ? mark + 1 : text, query};
    if (!normalise(text, path, "", &path))
        return false;
    seen->path = (struct span){text, path};
    return true;
}
