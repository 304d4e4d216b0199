package cardfile

import "fmt"

// Encoding is how the characters of an IPM file are coded. Bitmaps and record lengths are binary in both.
type Encoding bool

// The two encodings.
const (
	ASCII  Encoding = false
	EBCDIC Encoding = true // code page 500
)

// ebcdicRuns are the letters and digits of code page 500: the first character of each run and its code.
// Source: IBM code page CPGID 00500.
var ebcdicRuns = [...]struct {
	first, last, code byte
}{
	{'a', 'i', 0x81}, {'j', 'r', 0x91}, {'s', 'z', 0xa2},
	{'A', 'I', 0xc1}, {'J', 'R', 0xd1}, {'S', 'Z', 0xe2}, {'0', '9', 0xf0},
}

// ebcdic is the code of one character of code page 500. Only what the files here use is known.
func ebcdic(c byte) (byte, error) {
	for _, run := range ebcdicRuns {
		if c >= run.first && c <= run.last {
			return run.code + c - run.first, nil
		}
	}
	switch c {
	case ' ':
		return 0x40, nil
	case '.':
		return 0x4b, nil
	case '+':
		return 0x4e, nil
	case '&':
		return 0x50, nil
	case '*':
		return 0x5c, nil
	case '-':
		return 0x60, nil
	case '/':
		return 0x61, nil
	case ',':
		return 0x6b, nil
	case '_':
		return 0x6d, nil
	case ':':
		return 0x7a, nil
	case '\'':
		return 0x7d, nil
	default:
		return 0, fmt.Errorf("character %q has no code here", c)
	}
}

// encode turns text into the file's characters.
func (e Encoding) encode(text string) ([]byte, error) {
	out := []byte(text)
	if e == ASCII {
		return out, nil
	}
	for i, c := range out {
		code, err := ebcdic(c)
		if err != nil {
			return nil, err
		}
		out[i] = code
	}
	return out, nil
}
