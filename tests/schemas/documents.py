"""Seeded documents near the bounds of a schema, right and wrong, written in every way JSON allows."""
import json

LETTERS = list("aZ7 -éß€😀\"\\/٣İ\u00a0\u2028\U0010ffff")
CONTROLS = ["\0", "\x01", "\n", "\t", "\r", "\x1f", "\x7f", "\x80", "\x85", "\x9f"]
BYTES = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\"", b",", b"}", b"\0", b" "]
NUMBERS = ["0", "-0", "1", "-1", "1.0", "1e2", "1E+2", "0.5", "9007199254740991", "9007199254740992",
           "-9007199254740993", "123456789012345678", "1234567890123456789", "-123456789012345678901234567890",
           "100000", "100001"]
TEXTS = {
    "uuid": (["8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14", "8C1E7A52-4F0B-8D3C-9A61-2B7F5D9E0C14"],
             ["8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c1", "8c1e7a524f0b4d3c9a612b7f5d9e0c14",
              "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c1g"]),
    "date-time": (["2026-11-22T10:00:00Z", "1970-01-01T00:00:00.1Z", "9999-12-31T23:59:59.999Z",
                   "2024-02-29T23:00:00.12Z"],
                  ["2026-02-29T10:00:00Z", "2026-11-22T10:00:00", "2026-11-22T24:00:00Z", "1969-12-31T23:59:59Z",
                   "2026-11-22T10:00:60Z", "2026-11-22T10:00:00.0001Z", "2026-11-22T10:00:00+00:00"]),
    "email": (["a@b.cd", "x.y+z@mail.example.com", "a" * 64 + "@" + "b" * 63 + ".example"],
              ["a@b", "a@@b.cd", ".a@b.cd", "a.@b.cd", "a" * 65 + "@b.cd", "a@" + "b" * 64 + ".cd", "é@b.cd", "a@b.12",
               "a b@c.de", "a@-b.cd", "a@b-.cd", "a@b.cd\n", "a@b.cd."]),
    "phone": (["+12345678", "+123456789012345"],
              ["+1234567", "+1234567890123456", "+02345678", "12345678", "+1234567a"]),
    "country": (["FR", "SN"], ["F", "FRA", "fr", "F1", "É"]),
    "currency": (["XOF", "EUR"], ["XO", "XOFF", "xof", "X0F"]),
    "language": (["fr", "en"], ["FR", "f"]),
    "zone": (["UTC", "Africa/Dakar", "America/Argentina/Buenos_Aires", "Etc/GMT+1"],
             ["Paris", "africa/Dakar", "Africa/dakar", "A/B/C/D", "Africa/", "Africa/" + "D" * 40]),
    "hex": (["", "0aF"], ["0g", "0x"]),
    "base64url": (["", "aZ-_09"], ["a=", "a+", "a/"]),
    "ascii": (["a", "!~"], ["a b", "é", "a\x7f"]),
    "decimal": (["0", "-1.50", "2500", "1e2", "9" * 32], ["", "-", "01", "1.", ".5", "+1", "1e", "1 ", "9" * 33]),
}


class Raw(str):
    """Text that is written as it is."""


class Twice(dict):
    """An object whose first member is written again at its end."""


class Documents:
    """document(schema) gives bytes; the run follows from the generator alone."""

    def __init__(self, random):
        self.random = random

    def document(self, schema):
        value = self.value(schema)
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 4))):
            value = self.spoil(schema, value)
        data = self.write(value).encode("utf-8", "surrogatepass")
        return self.damage(data) if self.random.random() < 0.05 else data

    def chance(self, share):
        return self.random.random() < share

    # Right values
    def value(self, schema):
        kind = schema.get("type")
        if kind == "object":
            members = [name for name in schema["properties"] if name in schema["required"] or self.chance(0.5)]
            if self.chance(0.3):
                self.random.shuffle(members)
            return {name: self.value(schema["properties"][name]) for name in members}
        if kind == "array":
            count = self.random.choice((schema.get("minItems", 0), schema["maxItems"], schema.get("minItems", 0) + 1))
            return [self.value(schema["items"]) for _ in range(count)]
        if kind == "integer":
            return self.random.choice((schema["minimum"], schema["maximum"],
                                       self.random.randint(schema["minimum"], schema["maximum"])))
        if kind == "boolean":
            return self.chance(0.5)
        return self.text(schema, self.random.choice(("least", "most", "any")))

    def text(self, schema, size):
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        if schema.get("format") in TEXTS:
            return self.random.choice(TEXTS[schema["format"]][0])
        least, most = schema.get("minLength", 0), schema["maxLength"]
        count = {"least": least, "most": most, "over": most + 1, "under": max(least - 1, 0)}.get(
            size, self.random.randint(least, most))
        letter = self.random.choice(LETTERS)
        return "".join(self.random.choice(LETTERS) if self.chance(0.2) else letter for _ in range(count))

    # Wrong values
    def spoil(self, schema, value):
        """One change somewhere in value, most of them for the worse."""
        if isinstance(value, list) and schema.get("type") == "array" and value and self.chance(0.7):
            at = self.random.randrange(len(value))
            return value[:at] + [self.spoil(schema["items"], value[at])] + value[at + 1:]
        if isinstance(value, dict) and schema.get("type") == "object":
            if value and self.chance(0.8):
                name = self.random.choice(list(value))
                made = type(value)(value)
                made[name] = self.spoil(schema["properties"].get(name, {}), value[name])
                return made
            return self.spoil_object(schema, value)
        return self.spoil_scalar(schema, value)

    def spoil_object(self, schema, value):
        made = dict(value)
        what = self.random.randrange(6)
        if what == 0 and made:
            del made[self.random.choice(list(made))]
        elif what == 1:
            name = self.random.choice(("", "x", "a/b~", "é😀", "n" * 200, "\n"))
            made[name] = self.random.choice((1, None, [[]], {"a": "b"}))
        elif what == 2 and made:
            return Twice(made)
        elif what == 3 and made:
            name = self.random.choice(list(made))
            made[name + self.random.choice(("s", " ", "\0"))] = made.pop(name)
        elif what == 4:
            return self.random.choice(([made], None, "{}", 0, True))
        else:
            made.update({name: self.value(inner) for name, inner in schema["properties"].items()})
        return made

    def spoil_scalar(self, schema, value):
        what = self.random.randrange(6)
        if what == 0:
            return self.random.choice((None, True, "", [], {}, [value], {"a": value}, Raw(self.random.choice(NUMBERS))))
        if what == 1 and schema.get("type") == "integer":
            return self.random.choice((schema["minimum"] - 1, schema["maximum"] + 1, str(value), Raw(f"{value}.0"),
                                       Raw(f"{value}e0"), Raw(f"-{value}".replace("--", "")), Raw(f"0{value}")))
        if not isinstance(value, str) or isinstance(value, Raw):
            return Raw(self.random.choice(NUMBERS))
        if what == 1 and schema.get("format") in TEXTS:
            return self.random.choice(TEXTS[schema["format"]][1])
        if what == 2 and "maxLength" in schema and schema.get("format") not in TEXTS:
            return self.text(schema, self.random.choice(("over", "under")))
        if what == 3:
            at = self.random.randint(0, len(value))
            return value[:at] + self.random.choice(CONTROLS + ["\ud800", "\udc00"]) + value[at:]
        if what == 4:
            return self.random.choice((value.upper(), value + " ", " " + value, value[:-1]))
        return value

    # Writing
    def write(self, value):
        space = self.random.choice(("", "", " ", "\n\t", " \r\n "))
        if isinstance(value, Raw):
            return str(value)
        if isinstance(value, str):
            return self.write_text(value)
        if isinstance(value, dict):
            members = [f"{self.write_text(name)}{space}:{space}{self.write(item)}" for name, item in value.items()]
            members += members[:1] if isinstance(value, Twice) else []
            return "{" + space + f"{space},{space}".join(members) + space + "}"
        if isinstance(value, list):
            return "[" + space + f"{space},".join(self.write(item) for item in value) + space + "]"
        return json.dumps(value)

    def write_text(self, text):
        share = self.random.choice((0, 0, 0.1, 1))
        return '"' + "".join(self.write_letter(letter, share) for letter in text) + '"'

    def write_letter(self, letter, share):
        surrogate = "\ud800" <= letter <= "\udfff"
        if letter in "\"\\" or letter < " " or self.chance(share) or surrogate and self.chance(0.5):
            if letter == "/" and self.chance(0.5):
                return "\\/"
            written = json.dumps(letter)[1:-1]
            return written if written != letter else f"\\u{ord(letter):04X}"
        return letter

    def damage(self, data):
        """A few bytes are not what they were."""
        made = bytearray(data)
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(len(made) + 1)
            if self.chance(0.4) and at < len(made):
                made[at] = self.random.randrange(256)
            elif self.chance(0.5):
                del made[at:at + self.random.randint(1, 3)]
            else:
                made[at:at] = self.random.choice(BYTES)
            made = made or bytearray(b" ")
        return bytes(made)
