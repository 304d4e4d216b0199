package buckets_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/join"
	"parallax/internal/lab/buckets"
	"parallax/internal/orc"
)

// inventoryIn writes the same world in a format and returns its only data file.
func inventoryIn(t *testing.T, format, extension string, rows int) []byte {
	t.Helper()
	p := newPair(func(o *buckets.Options) {
		o.Formats, o.FileRows = map[string]string{dublin: format, london: format}, 100_000
	})
	for i := range rows {
		key := "receipts/é " + strconv.Itoa(i) + strings.Repeat("+", i%7)
		at := noon.Add(time.Duration(i) * time.Second)
		p.Put(dublin, at, key, bytes.Repeat([]byte{1}, i%300))
		if i%5 == 0 {
			p.MarkDeleted(dublin, key, at.Add(time.Minute))
		}
	}
	if err := p.WriteInventory(dublin, noon.Add(time.Duration(rows+100)*time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, key := range p.Stored(dublin) {
		if strings.HasSuffix(key, "manifest.json") && !bytes.Contains(p.Content(dublin, key), []byte(`"fileFormat": "`+format+`"`)) {
			t.Errorf("the manifest does not name %s", format)
		}
	}
	for _, key := range p.Stored(dublin) {
		if strings.HasSuffix(key, extension) {
			return p.Content(dublin, key)
		}
	}
	t.Fatalf("no file of %s", format)
	return nil
}

// manyRows are more than one stripe has.
const manyRows = 11_000

// csvRows is the inventory in CSV.
func csvRows(t *testing.T, rows int) [][]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(inventoryIn(t, buckets.CSV, ".csv.gz", rows)))
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(zip).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestORCSaysWhatCSVSays: the same inventory in both formats has the same rows, over more than one stripe.
func TestORCSaysWhatCSVSays(t *testing.T) {
	want := csvRows(t, manyRows)
	body := inventoryIn(t, buckets.ORC, ".orc", manyRows)
	f, err := orc.OpenReaderAt(bytes.NewReader(body), int64(len(body)), orc.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Rows() != int64(len(want)) || f.Stripes() != 2 {
		t.Errorf("%d rows in %d stripes, want %d", f.Rows(), f.Stripes(), len(want))
	}
	row := 0
	err = f.Scan(t.Context(), f.Columns(), func(b *join.Batch) error {
		for i := range b.Rows {
			for k := range b.Value {
				if got := field(t, want[row], k); got != shown(&b.Value[k], i) {
					t.Fatalf("row %d, %s: %q in CSV and %q in ORC", row, f.Columns()[k], got, shown(&b.Value[k], i))
				}
			}
			row++
		}
		return nil
	})
	if err != nil || row != len(want) {
		t.Errorf("%d rows: %v", row, err)
	}
}

// field is a field of CSV as ORC would have it.
func field(t *testing.T, row []string, k int) string {
	t.Helper()
	switch k {
	case 1:
		key, err := url.QueryUnescape(row[k])
		if err != nil {
			t.Fatal(err)
		}
		return key
	case 3, 4, 9:
		return map[string]string{"true": "1", "false": "0"}[row[k]]
	case 6:
		at, err := time.Parse(time.RFC3339, row[k])
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatInt(at.UnixMilli(), 10)
	default:
		return row[k]
	}
}

// shown is a value of ORC; NULL is shown as nothing.
func shown(c *join.Column, i int) string {
	switch {
	case c.Nulls != nil && c.Nulls[i]:
		return ""
	case c.Texts != nil:
		return string(c.Data[c.Texts[i].Start:c.Texts[i].End])
	default:
		return strconv.FormatInt(c.Ints[i], 10)
	}
}
