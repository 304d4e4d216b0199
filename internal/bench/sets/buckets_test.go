package sets

import (
	"compress/gzip"
	"crypto/md5" //nolint:gosec // S3's own checksum
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/parquet/file"
)

// TestBucketsAsS3WritesThem reads a delivered inventory from its end, and counts with maps what a comparison will find.
func TestBucketsAsS3WritesThem(t *testing.T) {
	const rows = 150_000
	both, err := Buckets{Format: CSV, Rows: rows, FileRows: 40_000, Seed: 3}.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var sides [2]map[string][]string
	for side, d := range both {
		sides[side] = map[string][]string{}
		for _, name := range delivered(t, d) {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			gz, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := csv.NewReader(gz).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, line := range lines {
				if len(line) != 12 || line[colBucket] != d.Bucket || sides[side][line[colKey]+line[colVersion]] != nil {
					t.Fatalf("line %q", line)
				}
				sides[side][line[colKey]+line[colVersion]] = line
			}
		}
		if int64(len(sides[side])) != d.Rows || len(d.Files) != 4 {
			t.Errorf("side %d: %d rows in %d files, said to be %d", side, len(sides[side]), len(d.Files), d.Rows)
		}
	}
	count := map[string]int{}
	for id, left := range sides[0] {
		count[difference(left, sides[1][id])]++
	}
	for id, right := range sides[1] {
		if sides[0][id] == nil {
			count[difference(nil, right)]++
		}
	}
	for what, want := range map[string]int{"left only": 150, "right only": 150, "latest": 37, "marker": 37, "size": 38, "etag": 36, "etag, meaningless": 4500} {
		if got := count[what]; got < want*6/10 || got > want*14/10 {
			t.Errorf("%s: %d, want about %d", what, got, want)
		}
	}
	t.Log(count)
}

func difference(left, right []string) string {
	switch {
	case left == nil:
		return "right only"
	case right == nil:
		return "left only"
	case left[colMarker] != right[colMarker]:
		return "marker"
	case left[colLatest] != right[colLatest]:
		return "latest"
	case left[colSize] != right[colSize]:
		return "size"
	case left[colETag] != right[colETag] && (left[colMultipart] == "true" || left[colEncryption] == "SSE-KMS"):
		return "etag, meaningless"
	case left[colETag] != right[colETag]:
		return "etag"
	}
	return "equal"
}

// delivered follows checksum, manifest and files, as S3 wants an inventory to be read.
func delivered(t *testing.T, d Delivered) (files []string) {
	t.Helper()
	folder := filepath.Join(d.Folder, prefix, d.Bucket, id, Scanned.Format("2006-01-02T15-04Z"))
	body, err := os.ReadFile(filepath.Join(folder, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(folder, "manifest.checksum"))
	if err != nil || strings.TrimSpace(string(sum)) != md5Of(body) {
		t.Fatalf("checksum %q, %v", sum, err)
	}
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		name := filepath.Join(d.Folder, filepath.FromSlash(f.Key))
		data, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer data.Close()
		content, err := io.ReadAll(data)
		if err != nil || md5Of(content) != f.MD5checksum || int64(len(content)) != f.Size {
			t.Fatalf("%s: not as the manifest says, %v", name, err)
		}
		files = append(files, name)
	}
	return files
}

func md5Of(data []byte) string {
	sum := md5.Sum(data) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

func TestBucketsInParquet(t *testing.T) {
	const rows = 30_000
	both, err := Buckets{Format: Parquet, Rows: rows, FileRows: 20_000, Seed: 3}.Write(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range both {
		n := int64(0)
		for _, name := range delivered(t, d) {
			f, err := file.OpenParquetFile(name, false)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			n += f.NumRows()
			if got := f.MetaData().Schema.NumColumns(); got != 12 {
				t.Errorf("%d columns", got)
			}
		}
		if n != d.Rows || n < rows-100 || n > rows {
			t.Errorf("%d rows, said to be %d", n, d.Rows)
		}
	}
}
