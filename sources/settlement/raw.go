package settlement

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"parallax/sources/settlement/delivery"
)

// rawFile is a delivered file as it is, and the checksum of what was read of it.
type rawFile struct {
	ctx    context.Context
	place  delivery.Place
	file   delivery.File
	hash   hash.Hash
	hashed int64 // bytes from the beginning on that are in hash
	err    error // the first failure to read; not one of what the bytes mean
}

func newRawFile(ctx context.Context, place delivery.Place, f delivery.File) *rawFile {
	return &rawFile{ctx: ctx, place: place, file: f, hash: sha256.New()}
}

// open opens the file at its beginning.
func (f *rawFile) open() (io.ReadCloser, error) {
	r, err := f.from(0)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (f *rawFile) from(offset int64) (*rawReader, error) {
	r, err := f.place.Open(f.ctx, f.file, offset)
	if err != nil {
		f.failed(err)
		return nil, err
	}
	return &rawReader{file: f, r: r, offset: offset}, nil
}

func (f *rawFile) failed(err error) {
	if f.err == nil {
		f.err = err
	}
}

// sum is the checksum of the whole file, after reading what nobody has read yet; empty where that fails.
func (f *rawFile) sum() string {
	if f.err == nil && f.hashed < f.file.Size {
		if r, err := f.from(f.hashed); err == nil {
			_, _ = io.Copy(io.Discard, r) // what fails is in f.err
			_ = r.Close()
		}
	}
	if f.err != nil {
		return ""
	}
	return hex.EncodeToString(f.hash.Sum(nil))
}

// rawReader reads a file and adds to its checksum what is not in it yet.
type rawReader struct {
	file   *rawFile
	r      io.ReadCloser
	offset int64
}

func (r *rawReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if end := r.offset + int64(n); end > r.file.hashed {
		r.file.hash.Write(p[r.file.hashed-r.offset : n])
		r.file.hashed = end
	}
	r.offset += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		r.file.failed(err)
	}
	return n, err
}

func (r *rawReader) Close() error { return r.r.Close() }
