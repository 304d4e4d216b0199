package unwrap

import "bytes"

// kind is what a file is wrapped in.
type kind int

const (
	plain kind = iota
	gz
	zst
	openpgp
	zip
)

func (k kind) String() string {
	return [...]string{"plain", "gzip", "zstd", "OpenPGP", "zip"}[k]
}

// kindOf tells a wrapping by the first bytes.
// Sources: RFC 1952, section 2.3.1; RFC 8878, sections 3.1.1 and 3.1.2; RFC 9580, sections 4.2, 5 and 6.2; APPNOTE 4.3.7.
func kindOf(start []byte) kind {
	switch {
	case bytes.HasPrefix(start, []byte{0x1f, 0x8b}):
		return gz
	case bytes.HasPrefix(start, []byte{0x28, 0xb5, 0x2f, 0xfd}), skippable(start):
		return zst
	case bytes.HasPrefix(start, []byte("PK\x03\x04")), bytes.HasPrefix(start, []byte("PK\x05\x06")):
		return zip
	case armored(start), message(start):
		return openpgp
	}
	return plain
}

// skippable is a frame of Zstandard that holds no content, as tools put before the others.
func skippable(start []byte) bool {
	return len(start) >= 8 && start[0]&0xf0 == 0x50 && bytes.Equal(start[1:4], []byte{0x2a, 0x4d, 0x18})
}

func armored(start []byte) bool {
	start = bytes.TrimPrefix(start, []byte("\ufeff"))
	return bytes.HasPrefix(bytes.TrimLeft(start, " \t\r\n"), []byte("-----BEGIN PGP MESSAGE"))
}

// message reports whether a file begins as an OpenPGP message in binary does. One byte would not do to tell it from text in
// EBCDIC: the packet's first fields must make sense too.
func message(start []byte) bool {
	if len(start) < 4 || start[0]&0x80 == 0 {
		return false
	}
	tag, body := packet(start)
	if len(body) == 0 {
		return false
	}
	version := body[0]
	switch tag {
	case 1: // a session key for a public key: version, key id, algorithm
		return version == 3 && len(body) > 9 && algorithm(body[9]) || version == 6
	case 3: // a session key for a passphrase: version, cipher
		return (version == 4 || version == 5 || version == 6) && len(body) > 1 && body[1] >= 1 && body[1] <= 30
	case 4: // signed in one pass: version, type of signature
		return (version == 3 || version == 6) && len(body) > 1 && body[1] <= 1
	case 8: // compressed: algorithm
		return version >= 1 && version <= 3
	case 10: // a marker
		return bytes.HasPrefix(body, []byte("PGP"))
	}
	return false
}

// packet parts the header of a packet from its body.
func packet(start []byte) (tag byte, body []byte) {
	if start[0]&0x40 == 0 { // the old form: two bits say how long the length is, none at all for 3
		size := [...]int{1, 2, 4, 0}[start[0]&3]
		if len(start) < 1+size {
			return 0, nil
		}
		return start[0] >> 2 & 0xf, start[1+size:]
	}
	size := 1
	switch length := start[1]; {
	case length >= 192 && length < 224:
		size = 2
	case length == 255:
		size = 5
	}
	if len(start) < 1+size {
		return 0, nil
	}
	return start[0] & 0x3f, start[1+size:]
}

// algorithm reports whether a public-key algorithm encrypts.
func algorithm(a byte) bool {
	switch a {
	case 1, 2, 16, 18, 25, 26, 35, 36:
		return true
	}
	return false
}
