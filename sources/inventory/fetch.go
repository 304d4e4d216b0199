package inventory

import (
	"cmp"
	"context"
	"crypto/md5" //nolint:gosec // the checksum S3 Inventory uses
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// decoder yields the rows of one file whose checksum has been verified. Its errors are of type damageError, or those of
// ctx. each returns false to stop.
type decoder func(ctx context.Context, f *os.File, size int64, each func(row) bool) error

// attempts is how often a file is fetched when the connection breaks in the middle of it; whole requests are retried by
// the SDK.
const attempts = 2

func md5Hex(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// small fetches an object into memory, up to a limit.
func (r *reading) small(ctx context.Context, key string, limit int64) ([]byte, error) {
	bounded, cancel := context.WithTimeout(ctx, r.Settings.Timeout)
	defer cancel()
	var err error
	for range attempts {
		var answer *s3.GetObjectOutput
		answer, err = r.Client.GetObject(bounded, &s3.GetObjectInput{Bucket: &r.Inventory.Bucket, Key: &key})
		if err != nil {
			return nil, fmt.Errorf("get: %w", err)
		}
		var body []byte
		body, err = io.ReadAll(io.LimitReader(answer.Body, limit+1))
		_ = answer.Body.Close() // read only
		if int64(len(body)) > limit {
			return nil, &tooLargeError{limit}
		}
		if err == nil {
			return body, nil
		}
	}
	return nil, fmt.Errorf("get: %w", err)
}

// file fetches one data file, verifies it and yields its rows. It reports whether the file was read to its end.
func (r *reading) file(ctx context.Context, m manifest, f manifestFile, decode decoder) bool {
	where := r.Inventory.Bucket + "/" + f.Key
	bounded, cancel := context.WithTimeout(ctx, r.Settings.FileTimeout)
	defer cancel()
	temp, err := r.download(bounded, f)
	if err != nil {
		r.fail(ctx, where, err)
		return false
	}
	defer func() { _ = temp.Close() }() // already removed
	var rows int64
	var foreign error
	wanted := true
	err = decode(bounded, temp, f.Size, func(o row) bool {
		rows++
		if o.bucket != r.Bucket {
			foreign = &damageError{fmt.Sprintf("row %d is of bucket %q, not %q", rows, o.bucket, r.Bucket)}
			return false
		}
		o.SeenAt = m.created
		wanted = r.keep(o.Object)
		return wanted
	})
	if err = cmp.Or(foreign, err); err != nil {
		r.fail(ctx, where, err)
		return false
	}
	if !wanted {
		return false
	}
	r.extents = append(r.extents, audit.Extent{Name: where, Records: rows, Checksum: "md5:" + f.MD5})
	return true
}

// row is one line of an inventory. The bucket is the one the row names.
type row struct {
	bucket string
	record.Object
}

// download keeps a data file on disk, without a name, and verifies its size and checksum. The caller closes it.
func (r *reading) download(ctx context.Context, f manifestFile) (*os.File, error) {
	if f.Size > r.Settings.MaxFile {
		return nil, &tooLargeError{r.Settings.MaxFile}
	}
	temp, err := os.CreateTemp(r.Settings.TempDir, "inventory-")
	if err != nil {
		return nil, &localError{errors.Unwrap(err)}
	}
	_ = os.Remove(temp.Name()) // open files outlive their names; nothing is left behind when the program is killed
	for range attempts {
		if err = r.fill(ctx, temp, f); err == nil || !errors.Is(err, errBroken) {
			break
		}
	}
	if err != nil {
		_ = temp.Close()
		return nil, err
	}
	return temp, nil
}

var errBroken = errors.New("the connection broke")

func (r *reading) fill(ctx context.Context, temp *os.File, f manifestFile) error {
	answer, err := r.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.Inventory.Bucket, Key: &f.Key})
	if err != nil {
		return fmt.Errorf("get: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // read only
	if err := rewind(temp); err != nil {
		return &localError{err}
	}
	sum := md5.New() //nolint:gosec // see the import
	out := &diskWriter{file: temp}
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(answer.Body, f.Size+1))
	switch {
	case out.err != nil:
		return &localError{out.err}
	case err != nil:
		return fmt.Errorf("%w: %w", errBroken, err)
	case n != f.Size:
		return &damageError{fmt.Sprintf("has another size than the %d bytes the manifest says", f.Size)}
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != f.MD5 {
		return &damageError{"has MD5 " + got + ", the manifest says " + f.MD5}
	}
	if _, err := temp.Seek(0, io.SeekStart); err != nil {
		return &localError{err}
	}
	return nil
}

func rewind(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("truncate: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("seek: %w", err)
	}
	return nil
}

// diskWriter tells a full disk from a broken connection.
type diskWriter struct {
	file *os.File
	err  error
}

func (d *diskWriter) Write(b []byte) (int, error) {
	n, err := d.file.Write(b)
	if err != nil {
		d.err = err
	}
	return n, err //nolint:wrapcheck // an io.Writer
}
