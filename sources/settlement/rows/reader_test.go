package rows

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestReader(t *testing.T) {
	in := "\ufeff\"a\",b\r\n\"1\n2\",3\n\nx\"y,1\nlast;one"
	r := NewReader(strings.NewReader(in), ',')
	for _, want := range []struct {
		row  []string
		line int64
		err  error
	}{
		{[]string{"a", "b"}, 1, nil}, {[]string{"1\n2", "3"}, 2, nil}, {nil, 5, ErrBroken}, {[]string{"last;one"}, 6, nil}, {nil, 7, io.EOF},
	} {
		row, line, err := r.Next()
		if !errors.Is(err, want.err) || line != want.line || !reflect.DeepEqual(append([]string(nil), row...), want.row) {
			t.Errorf("got %q on line %d, %v; want %q on %d, %v", row, line, err, want.row, want.line, want.err)
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"\xff\xfea\x00":                      "file is in UTF-16; UTF-8 was expected",
		"\xfe\xff\x00a":                      "file is in UTF-16; UTF-8 was expected",
		"\"" + strings.Repeat("x", 2*MaxRow): "row is longer than 10485760 bytes; is a quote left open?",
	} {
		if _, _, err := NewReader(strings.NewReader(in), ',').Next(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestHeader(t *testing.T) {
	h := NewHeader([]string{" a ", "b", "b"})
	if i, err := h.Find("a"); i != 0 || err != nil {
		t.Errorf("a: %d, %v", i, err)
	}
	if _, err := h.Find("b"); err == nil || errors.Is(err, ErrNoColumn) {
		t.Errorf("b: %v", err)
	}
	if _, err := h.Find("c"); !errors.Is(err, ErrNoColumn) {
		t.Errorf("c: %v", err)
	}
}
