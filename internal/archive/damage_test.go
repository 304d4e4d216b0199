package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/audit"
)

// written is an archive of one small segment, and the segment's file.
func written(t *testing.T, n int) (Folder, audit.Segment, []byte) {
	t.Helper()
	dir := Folder(t.TempDir())
	s, err := Write(t.Context(), dir, changes(n))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(dir.file(s.Name))
	if err != nil {
		t.Fatal(err)
	}
	return dir, s, data
}

// ways are the ways to read a segment.
var ways = map[string]func(context.Context, Place, audit.Segment) error{
	"read": func(ctx context.Context, p Place, s audit.Segment) error { _, err := Read(ctx, p, s); return err },
	"scan": func(ctx context.Context, p Place, s audit.Segment) error {
		return Scan(ctx, p, s, func(Rows) error { return nil })
	},
	"select": func(ctx context.Context, p Place, s audit.Segment) error {
		_, err := Select(ctx, p, s, func(Hash) bool { return true })
		return err
	},
}

// refused holds that every way to read a segment ends in an error that names it.
func refused(t *testing.T, p Place, s audit.Segment, want error, what string) {
	t.Helper()
	for way, read := range ways {
		err := read(t.Context(), p, s)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), s.Name) || Remedy(err) == "" {
			t.Errorf("%s, %s: %v", what, way, err)
		}
	}
}

// holding is a place that holds one file, under any name.
type holding struct {
	Place

	data []byte
	err  error
}

func (h holding) Get(context.Context, string, int64) ([]byte, error) { return h.data, h.err }
func (h holding) Put(context.Context, string, []byte) error          { return h.err }
func (h holding) List(context.Context, string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) { yield(File{}, h.err) }
}

// agreed is the segment with the checksum of a file, as if the file were what had been written.
func agreed(s audit.Segment, data []byte) audit.Segment {
	sum := sha256.Sum256(data)
	s.SHA256 = hex.EncodeToString(sum[:])
	return s
}

func TestCutAtEveryByte(t *testing.T) {
	_, s, data := written(t, 3)
	for n := range data {
		if _, err := Select(t.Context(), holding{data: data[:n]}, s, func(Hash) bool { return true }); !errors.Is(err, ErrChecksum) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
		// Even if the checksum were that of the part.
		if _, err := Read(t.Context(), holding{data: data[:n]}, agreed(s, data[:n])); !errors.Is(err, ErrDamaged) {
			var other *versionError
			if !errors.As(err, &other) {
				t.Fatalf("%d of %d bytes, with their checksum: %v", n, len(data), err)
			}
		}
	}
	refused(t, holding{data: data[:10]}, s, ErrChecksum, "ten bytes")
}

func TestSwappedSegments(t *testing.T) {
	dir, a, first := written(t, 5)
	b, err := Write(t.Context(), dir, changes(6))
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.ReadFile(dir.file(b.Name))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dir.Put(t.Context(), a.Name, second), dir.Put(t.Context(), b.Name, first)); err != nil {
		t.Fatal(err)
	}
	refused(t, dir, a, ErrChecksum, "swapped")
	refused(t, dir, b, ErrChecksum, "swapped")
}

func TestWrongCounts(t *testing.T) {
	_, s, data := written(t, 5)
	for _, n := range []int64{0, 4, 6, -1, 1 << 60} {
		wrong := s
		wrong.Records = n
		refused(t, holding{data: data}, wrong, ErrDamaged, fmt.Sprint(n, " records"))
	}
	for _, wrong := range []func(*audit.Segment){func(s *audit.Segment) { s.First = "1" }, func(s *audit.Segment) { s.Last = "1" }} {
		other := s
		wrong(&other)
		if _, err := Read(t.Context(), holding{data: data}, other); !errors.Is(err, ErrDamaged) {
			t.Errorf("other sequence numbers: %v", err)
		}
	}
}

// A file that disagrees with itself is refused even though its checksum agrees.
func TestHashesAreHeldAgainstContents(t *testing.T) {
	in := changes(3) // an insert, a removal, an update
	_, s, data := written(t, len(in))
	flip := func(what []byte) []byte {
		out := bytes.Clone(data)
		i := bytes.LastIndex(out, what)
		if i < 0 {
			t.Fatalf("%x is not in the file", what)
		}
		out[i] ^= 1
		return out
	}
	key, old, image := HashOf(in[2].Key), HashOfImage(in[2].Old), HashOfImage(in[2].New)
	for what, hash := range map[string]Hash{"key": key, "old": old, "new": image} {
		damaged := flip(hash[:])
		_, err := Select(t.Context(), holding{data: damaged}, agreed(s, damaged), func(Hash) bool { return true })
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "does not have its hash") || !strings.Contains(err.Error(), "record 2") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Nothing there by its hash, and an image: Scan must not take it for a removal.
	damaged := bytes.Replace(data, image[:], make([]byte, len(image)), 1)
	if err := Scan(t.Context(), holding{data: damaged}, agreed(s, damaged), func(Rows) error { return nil }); !errors.Is(err, ErrDamaged) {
		t.Errorf("scan: %v", err)
	}
}

// parquetOf is a Parquet file of one column, or of the segment's columns changed.
func parquetOf(t *testing.T, root *schema.GroupNode, options ...file.WriteOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := file.NewParquetWriter(&out, root, options...)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWrongSchema(t *testing.T) {
	_, s, _ := written(t, 3)
	root, err := layout()
	if err != nil {
		t.Fatal(err)
	}
	kv, err := label()
	if err != nil {
		t.Fatal(err)
	}
	later, err := label()
	if err != nil {
		t.Fatal(err)
	}
	*later.FindValue(versionKey) = "3"
	ours := file.WithWriteMetadata(kv)
	var fields schema.FieldList
	for i := range root.NumFields() {
		fields = append(fields, root.Field(i))
	}
	with := func(col int, n schema.Node) *schema.GroupNode {
		changed := append(schema.FieldList{}, fields...)
		changed[col] = n
		return schema.MustGroup(schema.NewGroupNode("change", parquet.Repetitions.Required, changed, -1))
	}
	for what, c := range map[string]struct {
		data []byte
		says string
	}{
		"not Parquet":        {[]byte("seq,event,at\n1,2,3\n"), "damaged"},
		"empty file":         {[]byte{}, "damaged"},
		"unlabelled":         {parquetOf(t, root), "does not say its format"},
		"of a later version": {parquetOf(t, root, file.WithWriteMetadata(later)), "format 3, this program reads 2"},
		"without records":    {parquetOf(t, root, ours), "holds 0 records"},
		"other name":         {parquetOf(t, with(colKey, schema.NewByteArrayNode("clé", parquet.Repetitions.Required, -1)), ours), "column 3 is clé"},
		"other type":         {parquetOf(t, with(colAt, schema.NewInt32Node("at", parquet.Repetitions.Required, -1)), ours), "at of INT32"},
		"optional":           {parquetOf(t, with(colTTL, schema.NewBooleanNode("by_ttl", parquet.Repetitions.Optional, -1)), ours), "by_ttl"},
		"shorter hashes":     {parquetOf(t, with(colNewHash, schema.NewFixedLenByteArrayNode("new_hash", parquet.Repetitions.Required, 8, -1)), ours), "new_hash"},
		"one column":         {parquetOf(t, schema.MustGroup(schema.NewGroupNode("change", parquet.Repetitions.Required, fields[:1], -1)), ours), "1 columns, want 10"},
	} {
		for way, read := range ways {
			err := read(t.Context(), holding{data: c.data}, agreed(s, c.data))
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), s.Name) || Remedy(err) == "" {
				t.Errorf("%s, %s: %v", what, way, err)
			}
		}
	}
}

// What a place cannot do is told with what a person can do about it.
func TestPlacesThatFail(t *testing.T) {
	for what, c := range map[string]struct {
		err    error
		remedy string
	}{
		"disk full":  {&os.PathError{Op: "write", Path: "archive/.segment-1", Err: syscall.ENOSPC}, "free room"},
		"quota":      {&os.PathError{Op: "write", Path: "archive/.segment-1", Err: syscall.EDQUOT}, "free room"},
		"permission": {&os.PathError{Op: "open", Path: "archive", Err: syscall.EACCES}, "let the user Parallax runs as"},
		"read only":  {&os.PathError{Op: "open", Path: "archive", Err: syscall.EROFS}, "see that the archive can be written"},
		"cut":        {io.ErrUnexpectedEOF, "run again"},
		"slow":       {context.DeadlineExceeded, "more time"},
	} {
		_, err := Write(t.Context(), holding{err: c.err}, changes(2))
		if !errors.Is(err, c.err) || !strings.Contains(err.Error(), "write archive segment idempotency-keys/") {
			t.Errorf("%s: %v", what, err)
		}
		if what != "read only" && !strings.Contains(err.Error(), c.remedy) {
			t.Errorf("%s: %v, want %q", what, err, c.remedy)
		}
		if _, err := Sweep(t.Context(), holding{err: c.err}, naming(), noon); !errors.Is(err, c.err) {
			t.Errorf("%s: sweep: %v", what, err)
		}
	}
	blocked := t.TempDir() + "/file"
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), Folder(blocked), changes(2)); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("a file where the archive's folder should be: %v", err)
	}
}

// A caller's own error, panic and cancellation are not taken for damage.
func TestCallersMayFail(t *testing.T) {
	dir, s, _ := written(t, 5)
	own := errors.New("enough")
	if err := Scan(t.Context(), dir, s, func(Rows) error { return own }); !errors.Is(err, own) {
		t.Errorf("error %v", err)
	}
	for way, call := range map[string]func(){
		"scan":   func() { _ = Scan(t.Context(), dir, s, func(Rows) error { panic("a defect of the caller") }) },
		"select": func() { _, _ = Select(t.Context(), dir, s, func(Hash) bool { panic("a defect of the caller") }) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the caller's panic was swallowed", way)
				}
			}()
			call()
		}()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for way, read := range ways {
		if err := read(ctx, dir, s); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", way, err)
		}
	}
}
