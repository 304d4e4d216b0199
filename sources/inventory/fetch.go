package inventory

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// attempts is how often a range is asked for when the connection breaks in the middle of it; whole requests are retried by
// the SDK.
const attempts = 4

// trickle is what a request must bring in its time for the rest of its range to be asked for again.
const trickle = 64 << 10

var errBroken = errors.New("the connection broke")

// small fetches an object into memory, up to a limit.
func (s *Source) small(ctx context.Context, key string, limit int64) ([]byte, error) {
	bounded, cancel := context.WithTimeout(ctx, s.Settings.Timeout)
	defer cancel()
	var err error
	for range attempts {
		var answer *s3.GetObjectOutput
		answer, err = s.Client.GetObject(bounded, &s3.GetObjectInput{Bucket: &s.Inventory.Bucket, Key: &key})
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

// fetch opens a file of the list that is verified: one that is kept, or a new one. The caller closes it.
func (l *List) fetch(ctx context.Context, i int) (*os.File, error) {
	f := &l.manifest.Files[i]
	if f.Size > l.source.Settings.MaxFile {
		return nil, &tooLargeError{l.source.Settings.MaxFile}
	}
	if file := l.shelf.find(f); file != nil {
		l.here(i, f.Size)
		return file, nil
	}
	if err := l.lost(); err != nil {
		return nil, err
	}
	file, err := l.shelf.create()
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, l.source.Settings.FileTimeout)
	defer cancel()
	d := &download{list: l, f: f, to: file, count: !l.counted(i)}
	err = d.run(bounded)
	l.heard(ctx, err)
	if err == nil {
		err = verify(file, f)
	}
	if err == nil {
		err = l.shelf.put(file, f)
	}
	if err != nil {
		l.arrived(-d.came.Load())
		l.shelf.drop(file)
		return nil, err
	}
	l.shelf.remember(file, f)
	l.here(i, f.Size-d.came.Load())
	return file, nil
}

// counted reports whether the bytes of a file are in the progress already.
func (l *List) counted(i int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.read[i].fetched
}

// here counts a file that is all there, once.
func (l *List) here(i int, bytes int64) {
	if !l.counted(i) {
		l.arrived(bytes)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.read[i].fetched = true
	}
}

// download fetches one file by ranges, several at a time. All of them are of one object: each but the first asks for the
// ETag that the first had.
type download struct {
	list  *List
	f     *manifestFile
	to    *os.File
	count bool // in the progress
	etag  string
	begun bool         // the first range is there, and the ETag stays what it is
	whole bool         // the server gave all of the file where the first range was asked for
	next  atomic.Int64 // where the next range begins
	came  atomic.Int64 // bytes that are counted
}

func (d *download) run(ctx context.Context) error {
	first := min(d.f.Size, d.list.source.Settings.Range)
	if err := d.piece(ctx, 0, first); err != nil {
		return err
	}
	d.begun = true
	if d.whole {
		return nil
	}
	d.next.Store(first)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for range min(d.list.source.Settings.Requests, int((d.f.Size-first)/d.list.source.Settings.Range)+1) {
		group.Go(func() {
			if err := d.ranges(ctx); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// ranges fetches ranges until none is left.
func (d *download) ranges(ctx context.Context) error {
	size := d.list.source.Settings.Range
	for {
		from := d.next.Add(size) - size
		if from >= d.f.Size {
			return nil
		}
		if err := d.piece(ctx, from, min(from+size, d.f.Size)); err != nil {
			return err
		}
	}
}

// piece fetches a range, and goes on where a connection broke or was slow, unless hardly anything came.
func (d *download) piece(ctx context.Context, from, end int64) error {
	select {
	case d.list.slots <- struct{}{}:
		defer func() { <-d.list.slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	var err error
	for range attempts {
		var n int64
		n, err = d.request(ctx, from, end)
		from += n
		if d.whole {
			end = d.f.Size
		}
		if err == nil || ctx.Err() != nil || !errors.Is(err, errBroken) {
			return err
		}
	}
	return err
}

// request asks for a range once, and returns how many bytes of it came.
func (d *download) request(ctx context.Context, from, end int64) (int64, error) {
	bounded, cancel := context.WithTimeout(ctx, d.list.source.Settings.Timeout)
	defer cancel()
	in := &s3.GetObjectInput{Bucket: &d.list.source.Inventory.Bucket, Key: &d.f.Key}
	if d.f.Size > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", from, end-1))
	}
	if d.etag != "" {
		in.IfMatch = &d.etag
	}
	answer, err := d.list.source.Client.GetObject(bounded, in)
	if err != nil {
		return 0, d.refused(err)
	}
	defer func() { _ = answer.Body.Close() }() // read only
	if err := d.check(answer, from); err != nil {
		return 0, err
	}
	if in.Range != nil && answer.ContentRange == nil { // a server that knows no ranges gives the whole
		if _, err := io.CopyN(io.Discard, answer.Body, from); err != nil {
			return 0, fmt.Errorf("%w: %w", errBroken, err)
		}
		if !d.begun {
			d.whole = true
			end = d.f.Size
		}
	}
	n, err := d.copy(answer.Body, from, end)
	if errors.Is(err, errBroken) && bounded.Err() != nil && n < trickle {
		return n, fmt.Errorf("get: %w", bounded.Err())
	}
	return n, err
}

// copy puts a range in its place, and returns how many bytes of it came.
func (d *download) copy(from io.Reader, at, end int64) (int64, error) {
	out := &diskWriter{to: io.NewOffsetWriter(d.to, at), download: d}
	n, err := io.Copy(out, io.LimitReader(from, end-at))
	switch {
	case out.err != nil:
		return n, &localError{out.err}
	case err != nil:
		return n, fmt.Errorf("%w: %w", errBroken, err)
	case n != end-at:
		return n, fmt.Errorf("%w: %w", errBroken, io.ErrUnexpectedEOF)
	}
	return n, nil
}

// refused knows the refusals that say that the file is not the one of the manifest.
// Source: Amazon S3 API reference, GetObject, Range and If-Match.
func (d *download) refused(err error) error {
	var status *awshttp.ResponseError
	if errors.As(err, &status) {
		switch status.HTTPStatusCode() {
		case http.StatusRequestedRangeNotSatisfiable:
			return d.otherSize()
		case http.StatusPreconditionFailed:
			return &damageError{"was changed while it was fetched"}
		}
	}
	return fmt.Errorf("get: %w", err)
}

func (d *download) otherSize() error {
	return &damageError{fmt.Sprintf("has another size than the %d bytes the manifest says", d.f.Size)}
}

// check holds an answer's headers against the manifest. The first answer tells the ETag of the object.
func (d *download) check(answer *s3.GetObjectOutput, from int64) error {
	size := aws.ToInt64(answer.ContentLength)
	if about := aws.ToString(answer.ContentRange); about != "" {
		total, err := strconv.ParseInt(about[strings.LastIndexByte(about, '/')+1:], 10, 64)
		if err != nil || !strings.HasPrefix(about, fmt.Sprintf("bytes %d-", from)) {
			return &damageError{"is answered with another range than the one asked for"}
		}
		size = total
	}
	if size != d.f.Size {
		return d.otherSize()
	}
	if !d.begun && d.etag == "" {
		d.etag = aws.ToString(answer.ETag)
	}
	return nil
}

// diskWriter tells a full disk from a broken connection.
type diskWriter struct {
	to       io.Writer
	download *download
	err      error
}

func (d *diskWriter) Write(b []byte) (int, error) {
	n, err := d.to.Write(b)
	if err != nil {
		d.err = err
	}
	if d.download.count {
		d.download.came.Add(int64(n))
		d.download.list.arrived(int64(n))
	}
	return n, err //nolint:wrapcheck // an io.Writer
}
