package awscall_test

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"parallax/internal/awscall"
)

// closing is a body that knows whether it was closed.
type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func answer(body io.Reader, stated string, length int64) (*smithyhttp.Response, *closing) {
	c := &closing{Reader: body}
	return &smithyhttp.Response{Response: &http.Response{Header: http.Header{"X-Amz-Crc32": {stated}}, Body: c, ContentLength: length}}, c
}

func sum(text string) string { return strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(text))), 10) }

func TestBody(t *testing.T) {
	blanks := func(n int) io.Reader { return strings.NewReader(strings.Repeat(" ", n)) }
	for name, c := range map[string]struct {
		body   io.Reader
		stated string
		length int64
		want   string
	}{
		"whole":             {strings.NewReader("{}"), sum("{}"), 2, ""},
		"whole, unsigned":   {strings.NewReader("{}"), "", -1, ""},
		"of another":        {strings.NewReader("{}"), sum("{ }"), 2, "checksum: 483751808 is stated, the body has 2745614147"},
		"no number":         {strings.NewReader("{}"), "crc", 2, "checksum: not a number"},
		"cut":               {io.MultiReader(strings.NewReader("{"), broken{}), "", 2, "body: cut off after 1 bytes: unexpected EOF"},
		"too long, by word": {strings.NewReader("{}"), "", 17 << 20, "body: 17825792 bytes, longer than 16777216"},
		"too long":          {blanks(awscall.LongestBody + 1), "", -1, "body: longer than 16777216"},
		"the longest":       {blanks(awscall.LongestBody), "", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, body := answer(c.body, c.stated, c.length)
			into := *bytes.NewBufferString("of another answer")
			err := awscall.Body(response, &into)
			if text := message(err); text != c.want {
				t.Errorf("%q, want %q", text, c.want)
			}
			if !body.closed {
				t.Error("left open")
			}
			if err == nil && bytes.Contains(into.Bytes(), []byte("another")) {
				t.Error("the buffer was not emptied")
			}
			if strings.HasPrefix(c.want, "checksum") != errors.Is(err, awscall.ErrChecksum) {
				t.Errorf("%v", err)
			}
		})
	}
}

// A checksum over a body that came compressed is of the compressed one.
func TestChecksumOfACompressedBody(t *testing.T) {
	response, _ := answer(strings.NewReader("{}"), "1", -1)
	response.Uncompressed = true
	if err := awscall.Body(response, new(bytes.Buffer)); err != nil {
		t.Error(err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
