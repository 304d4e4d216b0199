package sets

import (
	"context"
	"crypto/md5" //nolint:gosec // S3's own checksum of an inventory's files
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Buckets names the inventories of two linked buckets as S3 Inventory delivers them.
// Source: Amazon S3 User Guide, "Locating your inventory list".
type Buckets struct {
	Format   Format
	Rows     int64 // of each side, before some are left out
	FileRows int64 // of one file
	Seed     uint64
}

// Delivered is where the inventory of one bucket lies: Folder is the destination bucket on disk.
type Delivered struct {
	Bucket string   `json:"bucket"` // the audited one
	Folder string   `json:"folder"`
	Prefix string   `json:"prefix"`
	ID     string   `json:"id"`
	Files  []string `json:"files"` // of data, by their paths
	Rows   int64    `json:"rows"`
	Bytes  int64    `json:"bytes"`
}

// Scanned is when the listing of both buckets began, after everything in them was written.
var Scanned = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)

const (
	prefix = "inventories"
	id     = "daily"
)

// Write makes the inventories of both buckets in a folder that is not there yet.
func (b Buckets) Write(ctx context.Context, dir string) (out [2]Delivered, err error) {
	var errs [2]error
	var both sync.WaitGroup
	for side := range out {
		both.Go(func() { out[side], errs[side] = b.side(ctx, dir, side) })
	}
	both.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		return out, fmt.Errorf("make inventories: %w", err)
	}
	return out, nil
}

func (b Buckets) side(ctx context.Context, dir string, side int) (Delivered, error) {
	rows := b.listed(side)
	d := Delivered{Bucket: string(rows.bucket), Folder: filepath.Join(dir, fmt.Sprintf("lists-%d", side+1)), Prefix: prefix, ID: id}
	base := prefix + "/" + d.Bucket + "/" + id
	if err := os.MkdirAll(filepath.Join(d.Folder, base, "data"), 0o700); err != nil {
		return d, err
	}
	m := manifest{
		SourceBucket: d.Bucket, DestinationBucket: "arn:aws:s3:::" + filepath.Base(d.Folder), Version: "2016-11-30",
		CreationTimestamp: strconv.FormatInt(Scanned.UnixMilli(), 10), FileFormat: map[Format]string{Parquet: "Parquet", CSV: "CSV"}[b.Format],
		FileSchema: csvSchema,
	}
	if b.Format == Parquet {
		m.FileSchema = parquetSchema(rows.columns())
	}
	for from := int64(0); from < b.Rows || from == 0; from += b.FileRows {
		key := fmt.Sprintf("%s/data/%08x-%04d.%s", base, mix(b.Seed, uint64(from))>>32, from/b.FileRows, b.Format) //nolint:gosec // not negative
		path := filepath.Join(d.Folder, filepath.FromSlash(key))
		f, n, err := b.file(ctx, path, rows, from, min(from+b.FileRows, b.Rows))
		if err != nil {
			return d, err
		}
		f.Key = key
		m.Files, d.Files, d.Rows, d.Bytes = append(m.Files, f), append(d.Files, path), d.Rows+n, d.Bytes+f.Size
	}
	return d, m.seal(filepath.Join(d.Folder, filepath.FromSlash(base), Scanned.Format("2006-01-02T15-04Z")))
}

// file writes some rows of a side.
func (b Buckets) file(ctx context.Context, path string, rows listed, from, to int64) (f manifestFile, n int64, err error) {
	disk, err := os.Create(path) //nolint:gosec // in the folder that was asked for
	if err != nil {
		return f, 0, err
	}
	sum := &summed{to: disk, sum: md5.New()} //nolint:gosec // see the import
	n, err = b.fill(ctx, sum, rows, from, to)
	if err := errors.Join(err, disk.Close()); err != nil {
		return f, 0, err
	}
	return manifestFile{Size: sum.bytes, MD5checksum: hex.EncodeToString(sum.sum.Sum(nil))}, n, nil
}

func (b Buckets) fill(ctx context.Context, out io.Writer, rows listed, from, to int64) (n int64, err error) {
	t := rows.columns()
	var w writer
	if b.Format == CSV {
		w = newListCSV(out)
	} else if w, err = newParquet(out, t); err != nil {
		return 0, err
	}
	for i := from; i < to; i++ {
		if rows.add(t, uint64(i)); t.rows() < groupRows { //nolint:gosec // not negative
			continue
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := w.write(t); err != nil {
			return n, err
		}
		n += int64(t.rows())
		t.clear()
	}
	if n += int64(t.rows()); t.rows() > 0 || n == 0 {
		if err := w.write(t); err != nil {
			return n, err
		}
	}
	return n, w.close()
}

type manifest struct {
	SourceBucket      string         `json:"sourceBucket"`
	DestinationBucket string         `json:"destinationBucket"`
	Version           string         `json:"version"`
	CreationTimestamp string         `json:"creationTimestamp"`
	FileFormat        string         `json:"fileFormat"`
	FileSchema        string         `json:"fileSchema"`
	Files             []manifestFile `json:"files"`
}

type manifestFile struct {
	Key         string `json:"key"`
	Size        int64  `json:"size"`
	MD5checksum string `json:"MD5checksum"` //nolint:tagliatelle // S3's own spelling
}

// seal writes manifest.json and its checksum.
func (m manifest) seal(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	sum := md5.Sum(body) //nolint:gosec // see the import
	return errors.Join(
		os.WriteFile(filepath.Join(folder, "manifest.json"), body, 0o600),
		os.WriteFile(filepath.Join(folder, "manifest.checksum"), []byte(hex.EncodeToString(sum[:])+"\n"), 0o600),
	)
}

// parquetSchema is the schema in the words of the footer.
func parquetSchema(t table) string {
	var b strings.Builder
	b.WriteString("message s3.inventory {\n")
	for _, c := range t {
		need, kind := "optional", map[int]string{int(text): "binary", int(flag): "boolean"}[int(c.kind)]
		if c.must {
			need = "required"
		}
		if kind == "" {
			kind = "int64"
		}
		fmt.Fprintf(&b, "  %s %s %s;\n", need, kind, c.name)
	}
	return b.String() + "}\n"
}

// summed adds up what is written.
type summed struct {
	to    io.Writer
	sum   hash.Hash
	bytes int64
}

func (s *summed) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	s.sum.Write(b[:n])
	s.bytes += int64(n)
	return n, err
}
