package tabular

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"parallax/internal/join"
)

const null = "(null)"

// rowsOf scans a file and writes out its rows: the key and value columns that were asked for.
func rowsOf(t testing.TB, path string, key, value []Field, o Options) ([][]string, error) {
	t.Helper()
	table, err := Open(path, o)
	if err != nil {
		return nil, err
	}
	defer table.Close()
	side, err := table.Side("left", key, value)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, p := range side.Parts {
		err := p.Scan(t.Context(), func(b *join.Batch) error {
			for i := range b.Rows {
				var row []string
				for _, c := range slices.Concat(b.Key, b.Value) {
					switch {
					case c.Nulls != nil && c.Nulls[i]:
						row = append(row, null)
					case c.Texts != nil:
						row = append(row, string(c.Data[c.Texts[i].Start:c.Texts[i].End]))
					default:
						row = append(row, fmt.Sprint(c.Ints[i]))
					}
				}
				rows = append(rows, row)
			}
			return nil
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t testing.TB, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(content))
	z.Close()
	return b.Bytes()
}

func TestCSV(t *testing.T) {
	t.Parallel()
	want := [][]string{{"1", "x,y"}, {"2", "say \"hi\"\nthere"}, {null, ""}, {"4", null}}
	content := "id,n,note\n1,0,\"x,y\"\n2,0,\"say \"\"hi\"\"\nthere\"\n,0,\"\"\n\n4,0,\n"
	var z bytes.Buffer
	zw, _ := zstd.NewWriter(&z)
	zw.Write([]byte(content))
	zw.Close()
	for name, raw := range map[string][]byte{
		"plain": []byte(content), "gzip": gz(t, content), "zstd": z.Bytes(),
		"no line end": []byte(strings.TrimSuffix(content, "\n")),
		"crlf":        []byte(strings.ReplaceAll(strings.ReplaceAll(content, "\n", "\r\n"), "\r\nthere", "\nthere")),
		"bom":         []byte("\xef\xbb\xbf" + content),
		"two members": slices.Concat(gz(t, content[:20]), gz(t, content[20:])),
	} {
		got, err := rowsOf(t, write(t, "a.csv", raw), Fields("id"), Fields("note"), Options{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	got, err := rowsOf(t, write(t, "a.csv", []byte("a;B\n1;2\n")), Fields("b"), []Field{{Name: "a"}, {Name: "a"}}, Options{Comma: ';'})
	if err != nil || !reflect.DeepEqual(got, [][]string{{"2", "1", "1"}}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestCSVDecimals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"12.34": "1234", "12": "1200", "-0.5": "-50", "+1.500": "150", ".25": "25", "7.": "700", "": null, "-0": "0",
		"92233720368547758.07": "9223372036854775807", "-92233720368547758.07": "-9223372036854775807",
	} {
		got, err := rowsOf(t, write(t, "a.csv", []byte("id,amount\n1,"+in+"\n")), Fields("id"), []Field{Decimal("amount", 2)}, Options{})
		if err != nil || got[0][1] != want {
			t.Errorf("%s is %q, %v; want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"12.345": "more decimals", "1e3": "no decimal number", "1,2": "fields", "1_0": "no decimal", ".": "no decimal", "-": "no decimal",
		"92233720368547758.08": "64 bits", "999999999999999999999": "64 bits", "1.2.3": "no decimal", "0x10": "no decimal",
	} {
		_, err := rowsOf(t, write(t, "a.csv", []byte("id,amount\n\n0,1\n1,"+in+"\n")), Fields("id"), []Field{Decimal("amount", 2)}, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 4") {
			t.Errorf("%s: %v", in, err)
		}
		if err != nil && len(in) > 3 && strings.Contains(err.Error(), in) {
			t.Errorf("%s: the error shows the content: %v", in, err)
		}
	}
}

func TestCSVErrors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxRecord+1)
	for content, want := range map[string]string{
		"id,b\n1,2\n1,2,3\n":            "line 3: there are 3 fields, expected 2",
		"id,b\n1,2\n1\n":                "line 3: there are 1 fields, expected 2",
		"id,b\n\"1\n2\",3\n1,2,\"3\"\n": "line 4: there are 3 fields, expected 2",
		"id,b\n1,2\n1,x\"y\n":           "line 3: a quote stands",
		"id,b\n1,\"x\"y\n":              "line 2: a quoted field is followed",
		"id,b\n1,2\n1,\"x":              "line 3: a quoted field does not end",
		"":                              "is empty",
		"\n\n":                          "is empty",
		"id,id\n1,2\n":                  "2 columns \"id\"",
		"b,c\n1,2\n":                    "no column \"id\"",
		"id,b\n1," + long + "\n":        "longer than",
		"id,b\n1,\"" + long + "\"\n":    "longer than",
		"\xff\xfei\x00d\x00\n\x00":      "neither Parquet nor text",
	} {
		_, err := rowsOf(t, write(t, "a.csv", []byte(content)), Fields("id"), nil, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", content, err, want)
		}
	}
	packed := gz(t, "id,b\n"+strings.Repeat("1,2\n", 100_000))
	if _, err := rowsOf(t, write(t, "a.csv.gz", packed[:len(packed)-9]), Fields("id"), nil, Options{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut short: %v", err)
	}
	bomb := gz(t, "id,b\n"+strings.Repeat("1,"+strings.Repeat("0", 1<<20)+"\n", freeBytes>>20+1))
	if _, err := rowsOf(t, write(t, "a.csv.gz", bomb), Fields("id"), nil, Options{MaxRatio: 2}); !errors.Is(err, errRatio) {
		t.Errorf("bomb: %v", err)
	}
}

// TestCSVCancel: nothing goes on after the scan has ended early.
func TestCSVCancel(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", []byte("id,b\n"+strings.Repeat("1,2\n", 300_000)))
	table, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	side, err := table.Side("left", Fields("id"), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	enough := errors.New("enough")
	if err := side.Parts[0].Scan(ctx, func(*join.Batch) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("stopped: %v", err)
	}
	err = side.Parts[0].Scan(ctx, func(*join.Batch) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// FuzzCSV holds the scanner against encoding/csv, whatever the size of the blocks.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\",b\r\n\"1\n\",\"\"\"\"\n", "a\n\n1", "\"a\"\r", "a,b\n\"x", "a\n\"\"\r\n", "\xef\xbb\xbfa,b\n,\n", "a\rb\n"} {
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, content []byte, size int) {
		size = 1 + (size&0xff)%97
		var got [][]string
		s := &csvScan{comma: ',', from: &pieces{content, size}, line: 1}
		var err error
		for {
			var found bool
			found, err = s.record(func(fields []span) {
				var row []string
				for _, f := range fields {
					row = append(row, string(s.buf[f.start:f.end]))
				}
				got = append(got, row)
			})
			if err != nil || !found {
				break
			}
		}
		want, wantErr := referee(content)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: error %v, want %v", content, err, wantErr)
		}
		for i := range got {
			for k := range got[i] { // which makes CRLF in quotes LF
				got[i][k] = strings.ReplaceAll(got[i][k], "\r\n", "\n")
			}
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %q, want %q", content, got, want)
		}
		scanned(t, content, size, got, err)
	})
}

// scanned does the same by the way that files are scanned.
func scanned(t *testing.T, content []byte, size int, want [][]string, wantErr error) {
	t.Helper()
	if len(want) == 0 {
		return
	}
	var got []string
	s := &csvScan{comma: ',', from: &pieces{content, size}, line: 1, width: len(want[0]), keys: 1, wanted: []wantedField{{column: len(want[0]) - 1}}}
	s.emit = func(b *join.Batch) error {
		for i := range b.Rows {
			got = append(got, string(b.Key[0].Data[b.Key[0].Texts[i].Start:b.Key[0].Texts[i].End]))
		}
		return nil
	}
	err := s.rows()
	ragged := slices.ContainsFunc(want, func(row []string) bool { return len(row) != len(want[0]) })
	if (err == nil) == (wantErr != nil || ragged) {
		t.Fatalf("%q in pieces of %d: error %v, but %v, ragged %t", content, size, err, wantErr, ragged)
	}
	if err != nil {
		return
	}
	for i, row := range want[1:] {
		if i >= len(got) || strings.ReplaceAll(got[i], "\r\n", "\n") != row[len(row)-1] {
			t.Fatalf("%q in pieces of %d: %q", content, size, got)
		}
	}
	if len(got) != len(want)-1 {
		t.Fatalf("%q in pieces of %d: %d rows", content, size, len(got))
	}
}

func referee(content []byte) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))))
	r.FieldsPerRecord = -1
	return r.ReadAll()
}

// pieces is a source of small blocks.
type pieces struct {
	rest []byte
	size int
}

func (p *pieces) next() ([]byte, error) {
	n := min(p.size, len(p.rest))
	b := p.rest[:n]
	if p.rest = p.rest[n:]; len(p.rest) == 0 {
		return b, io.EOF
	}
	return b, nil
}
