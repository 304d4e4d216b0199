package cardfile

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// IPM says how a Mastercard clearing file is written.
type IPM struct {
	FileID   string // 25 digits: file type, date, sender, sequence
	Encoding Encoding
	Blocked  bool // in blocks of 1014 bytes
}

const merchantCategory = "5399" // miscellaneous general merchandise, ISO 18245

// Write writes a header (1644/697), one first presentment (1240/200) per line, and a trailer (1644/695) with the
// unsigned sum of all amounts and the number of messages, header and trailer included.
func (f IPM) Write(w io.Writer, lines []Line) error {
	if len(f.FileID) != 25 {
		return fmt.Errorf("write ipm: file id %q has not 25 digits", f.FileID)
	}
	messages := make([][]byte, 0, len(lines)+2)
	add := func(number int, m message, err error) error {
		if err == nil {
			var encoded []byte
			if encoded, err = m.encode(f.Encoding); err == nil {
				messages = append(messages, encoded)
			}
		}
		if err != nil {
			return fmt.Errorf("write ipm: message %d: %w", number, err)
		}
		return nil
	}
	if err := add(1, f.header(), nil); err != nil {
		return err
	}
	var sum int64
	for i, line := range lines {
		m, err := presentment(line, i+2)
		if err := add(i+2, m, err); err != nil {
			return err
		}
		sum += line.Minor
	}
	if err := add(len(lines)+2, f.trailer(sum, len(lines)+2), nil); err != nil {
		return err
	}
	data := records(messages)
	if f.Blocked {
		data = blocked(data)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write ipm: %w", err)
	}
	return nil
}

func (f IPM) header() message {
	return message{mti: "1644", elements: map[int]string{
		24: "697",
		48: pds(105, f.FileID) + pds(122, "T"), // T: a test file, as anything in this world
		71: messageNumber(1),
	}}
}

func (f IPM) trailer(sum int64, count int) message {
	return message{mti: "1644", elements: map[int]string{
		24: "695",
		48: pds(105, f.FileID) + pds(301, fmt.Sprintf("%016d", sum)) + pds(306, fmt.Sprintf("%08d", count)),
		71: messageNumber(count),
	}}
}

func presentment(l Line, number int) (message, error) {
	currency, err := currencyOf(l.Currency)
	if err != nil {
		return message{}, err
	}
	if l.Minor < 0 || l.Minor > 999_999_999_999 {
		return message{}, fmt.Errorf("amount %d does not fit into 12 digits", l.Minor)
	}
	return message{mti: "1240", elements: map[int]string{
		2:  cardNumber(l.Issuer, l.Reference),
		3:  "000000",
		4:  fmt.Sprintf("%012d", l.Minor),
		12: l.At.UTC().Format("060102150405"),
		24: "200",
		26: merchantCategory,
		31: l.ARN,
		37: l.RRN,
		38: l.Auth,
		48: pds(165, "M") + pds(148, currency.numeric+strconv.Itoa(currency.digits)),
		49: currency.numeric,
		63: l.Reference,
		71: messageNumber(number),
		94: "00000099999",
	}}, nil
}

func messageNumber(n int) string { return fmt.Sprintf("%08d", n) }

// pds is a private data subelement: four digits of tag, three of length, the value.
func pds(tag int, value string) string {
	return fmt.Sprintf("%04d%03d%s", tag, len(value), value)
}

// NewFileID composes a file identification of 25 digits: type 001, the date, the sender, the file's number on that day.
func NewFileID(date time.Time, sequence int) string {
	return "001" + date.Format("060102") + "00000099999" + fmt.Sprintf("%05d", sequence)
}

// elementLengths says how an element is written: fixed is its exact length, prefix the number of digits that tell its
// length where it varies.
func elementLength(element int) (fixed, prefix int, err error) {
	switch element {
	case 2, 31, 94:
		return 0, 2, nil
	case 48, 63:
		return 0, 3, nil
	case 3, 38:
		return 6, 0, nil
	case 4, 12, 37:
		return 12, 0, nil
	case 24, 49:
		return 3, 0, nil
	case 26:
		return 4, 0, nil
	case 71:
		return 8, 0, nil
	default:
		return 0, 0, fmt.Errorf("element %d is not of this world", element)
	}
}

// field writes one element as text: its length, if that varies, and its value.
func field(element int, value string) (string, error) {
	fixed, prefix, err := elementLength(element)
	switch {
	case err != nil:
		return "", err
	case prefix > 0:
		length := fmt.Sprintf("%0*d", prefix, len(value))
		if len(length) > prefix {
			return "", fmt.Errorf("element %d: %d characters are too many", element, len(value))
		}
		return length + value, nil
	case len(value) > fixed:
		return "", fmt.Errorf("element %d: %d characters instead of %d", element, len(value), fixed)
	default:
		return value + strings.Repeat(" ", fixed-len(value)), nil
	}
}
