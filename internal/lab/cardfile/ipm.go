package cardfile

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// IPM says how a Mastercard clearing file is written.
type IPM struct {
	FileID   string // 25 digits: file type, date, sender, sequence
	Encoding Encoding
	Blocked  bool // in blocks of 1014 bytes

	// What the trailer states wrongly, added to what is right.
	WrongSum, WrongCount int64
}

// IPMFile is a logical file: what stands between one header and one trailer.
type IPMFile struct {
	IPM
	Lines []Line
}

const merchantCategory = "5399" // miscellaneous general merchandise, ISO 18245

// Write writes a header (1644/697), one message per line, and a trailer (1644/695) with the unsigned sum of all amounts and
// the number of messages, header and trailer included.
func (f IPM) Write(w io.Writer, lines []Line) error {
	return WriteIPM(w, IPMFile{f, lines})
}

// WriteIPM writes logical files one behind the other. The first says whether they are in blocks.
func WriteIPM(w io.Writer, files ...IPMFile) error {
	var messages [][]byte
	for _, f := range files {
		if len(f.FileID) != 25 {
			return fmt.Errorf("write ipm: file id %q has not 25 digits", f.FileID)
		}
		number := len(messages)
		for _, next := range f.messages() {
			m, err := next()
			number++
			var encoded []byte
			if err == nil {
				encoded, err = m.encode(f.Encoding)
			}
			if err != nil {
				return fmt.Errorf("write ipm: message %d: %w", number, err)
			}
			messages = append(messages, encoded)
		}
	}
	data := records(messages)
	if len(files) > 0 && files[0].Blocked {
		data = blocked(data)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write ipm: %w", err)
	}
	return nil
}

// messages are the messages of a logical file, each made when it is asked for.
func (f IPMFile) messages() []func() (message, error) {
	sum, count := f.WrongSum, len(f.Lines)+2
	all := []func() (message, error){func() (message, error) { return f.header(), nil }}
	for i, line := range f.Lines {
		sum += max(line.Minor, -line.Minor)
		all = append(all, func() (message, error) { return ipmMessage(line, i+2) })
	}
	return append(all, func() (message, error) { return f.trailer(sum, count), nil })
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
		48: pds(105, f.FileID) + pds(301, fmt.Sprintf("%016d", sum)) + pds(306, fmt.Sprintf("%08d", int64(count)+f.WrongCount)),
		71: messageNumber(count),
	}}
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
	case 2, 31, 94, 95:
		return 0, 2, nil
	case 48, 63:
		return 0, 3, nil
	case 3, 38:
		return 6, 0, nil
	case 4, 5, 12, 37:
		return 12, 0, nil
	case 24, 49, 50:
		return 3, 0, nil
	case 25, 26:
		return 4, 0, nil
	case 9, 71:
		return 8, 0, nil
	case 30:
		return 24, 0, nil
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
