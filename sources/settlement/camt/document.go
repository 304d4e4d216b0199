package camt

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"parallax/internal/pan"
)

// What a document may ask for. The schema's longest text has 500 characters and its deepest element stands 15 levels down;
// supplementary data, which is skipped, may go further.
const (
	maxToken      = 64 << 10 // bytes of one tag, text, comment
	maxText       = 4 << 10  // bytes of one value
	maxDepth      = 64
	maxAttributes = 32
	maxName       = 32 // no name that is looked for is longer
)

type event int

const (
	opened event = iota // an element begins
	closed              // an element ends; its value has been read
)

// document walks along a message. Below the message's own element, path names the element that opened or closed last:
// "Stmt/Ntry/Amt". A notification is called Stmt too.
type document struct {
	in       *bounded
	xml      *xml.Decoder
	space    string // the namespace of the message
	message  string // "camt.053", "camt.054"
	path     []byte
	marks    []int // length of path outside each open element
	leaving  bool  // the last event was closed: path still names the element
	ended    bool  // the root has been closed
	text     []byte
	currency string // attribute Ccy of the innermost element
}

func newDocument(r io.Reader) *document {
	in := &bounded{r: bufio.NewReaderSize(r, 64<<10)}
	d := &document{in: in, xml: xml.NewDecoder(in)}
	d.xml.CharsetReader = charset
	return d
}

// next returns the next event below the message's own element, io.EOF after the whole document.
func (d *document) next() (event, error) {
	if d.leaving {
		d.leave()
	}
	for {
		d.in.left = maxToken
		token, err := d.token()
		if err != nil {
			return 0, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if err := d.open(t); err != nil {
				return 0, err
			}
			if len(d.marks) > 2 {
				return opened, nil
			}
		case xml.EndElement:
			if len(d.marks) > 2 {
				d.leaving = true
				return closed, nil
			}
			d.leave()
			d.ended = len(d.marks) == 0
		case xml.CharData:
			if err := d.chars(t); err != nil {
				return 0, err
			}
		case xml.Directive:
			return 0, errors.New("holds a document type declaration, which no message has")
		}
	}
}

func (d *document) token() (xml.Token, error) {
	if d.in.started {
		return d.read()
	}
	d.in.started = true
	head, _ := d.in.r.Peek(3) // a shorter file fails below
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = d.in.r.Discard(3) // was peeked at
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")), bytes.HasPrefix(head, []byte("\x00<")):
		return nil, errors.New("is UTF-16; UTF-8 or ISO-8859-1 was expected")
	}
	return d.read()
}

func (d *document) read() (xml.Token, error) {
	token, err := d.xml.Token()
	switch {
	case err == nil:
		return token, nil
	case errors.Is(err, io.EOF) && d.ended:
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		return nil, errors.New("holds no document")
	}
	if syntax := (*xml.SyntaxError)(nil); errors.As(err, &syntax) {
		err = errors.New("is not well-formed XML: " + pan.Clip(syntax.Msg, 100))
	}
	return nil, err
}

// open goes down into an element.
func (d *document) open(t xml.StartElement) error {
	switch depth := len(d.marks); {
	case d.ended:
		return errors.New("document is followed by another one")
	case depth >= maxDepth:
		return fmt.Errorf("elements stand more than %d levels deep", maxDepth)
	case len(t.Attr) > maxAttributes:
		return fmt.Errorf("element has more than %d attributes", maxAttributes)
	case depth == 0:
		if err := d.root(t.Name); err != nil {
			return err
		}
	case depth == 1:
		if want := messages[d.message]; t.Name.Local != want || t.Name.Space != d.space {
			return errors.New("document does not begin with " + want)
		}
	}
	d.marks = append(d.marks, len(d.path))
	d.text, d.currency = d.text[:0], ""
	if len(d.marks) <= 2 {
		return nil
	}
	for _, a := range t.Attr {
		if a.Name.Local == "Ccy" {
			d.currency = a.Value
		}
	}
	if len(d.path) > 0 {
		d.path = append(d.path, '/')
	}
	switch name := t.Name.Local; {
	case t.Name.Space != d.space || len(name) > maxName:
		d.path = append(d.path, '?') // nobody asks for it
	case len(d.marks) == 3 && name == "Ntfctn":
		d.path = append(d.path, "Stmt"...)
	default:
		d.path = append(d.path, name...)
	}
	return nil
}

func (d *document) leave() {
	last := len(d.marks) - 1
	d.path = d.path[:d.marks[last]]
	d.marks, d.leaving, d.text, d.currency = d.marks[:last], false, d.text[:0], ""
}

// messages are the messages that are read, with the element that stands for each inside Document.
var messages = map[string]string{"camt.053": "BkToCstmrStmt", "camt.054": "BkToCstmrDbtCdtNtfctn"}

const namespace = "urn:iso:std:iso:20022:tech:xsd:"

// root reads message and version off the namespace: "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08".
func (d *document) root(name xml.Name) error {
	id, ok := strings.CutPrefix(name.Space, namespace)
	if name.Local != "Document" || !ok {
		return errors.New("is no ISO 20022 document")
	}
	message, version, _ := strings.Cut(id, ".001.")
	if messages[message] == "" {
		return errors.New("is neither a camt.053 (statement) nor a camt.054 (notification)")
	}
	if v, err := strconv.Atoi(version); err != nil || len(version) != 2 || v < 2 {
		return errors.New("is a version of " + message + " that is not read; 001.02 and later are")
	}
	d.space, d.message = name.Space, message
	return nil
}

func (d *document) chars(t xml.CharData) error {
	if len(d.marks) == 0 {
		if len(bytes.TrimSpace(t)) > 0 {
			return errors.New("text stands outside the document")
		}
		return nil
	}
	if !wanted(d.path) {
		return nil
	}
	if len(d.text)+len(t) > maxText {
		return fmt.Errorf("%s is longer than %d bytes", d.path, maxText)
	}
	d.text = append(d.text, t...)
	return nil
}

// value is the text of the element that has just been closed.
func (d *document) value() string { return string(bytes.TrimSpace(d.text)) }

func (d *document) line() int64 {
	line, _ := d.xml.InputPos()
	return int64(line)
}

// bounded ends reading when one token grows beyond maxToken, which encoding/xml would keep in memory whatever its size.
type bounded struct {
	r       *bufio.Reader
	left    int // bytes until then
	started bool
}

var errLongToken = fmt.Errorf("a tag or text is longer than %d bytes", maxToken)

func (b *bounded) ReadByte() (byte, error) {
	if b.left--; b.left < 0 {
		return 0, errLongToken
	}
	return b.r.ReadByte()
}

// Read serves the readers of other character sets.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongToken
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// charset reads a document in another encoding than UTF-8, as its declaration says.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "iso8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	case "iso-8859-15":
		return charmap.ISO8859_15.NewDecoder().Reader(in), nil
	case "windows-1252", "cp1252":
		return charmap.Windows1252.NewDecoder().Reader(in), nil
	}
	return nil, errors.New("UTF-8 or ISO-8859-1 was expected")
}
