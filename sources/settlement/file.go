package settlement

import (
	"context"
	"errors"
	"fmt"
	"io"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
)

// file is one settlement file after it has been surveyed: read once from end to end, checked, nothing of it used yet.
type file struct {
	delivery.File

	sha256  string // hex, over the raw bytes; empty where it could not be read
	summary decode.Summary
	kept    batches // all lines, if whole; else it has to be read again
	whole   bool
	err     error // why nothing of it can be used; nil for a good file
	known   bool  // accepted earlier under this name with these bytes
	copyOf  string
	shares  string // what it shares with copyOf while its bytes differ: "file id", "sequence number"; empty for the same bytes
	place   position
}

// survey reads a file without using any line of it: its checksum, its totals, whether it can be decoded at all. The lines are
// kept while there is room for them.
func (r *reading) survey(ctx context.Context, listed delivery.File) file {
	f := file{File: listed, whole: true}
	f.sha256, f.summary, f.err = r.pass(ctx, listed, func(l record.SettlementLine) error {
		switch {
		case !f.whole:
		case r.room == 0:
			r.release(&f)
			f.whole = false
		default:
			f.kept.add(l)
			r.room--
		}
		return nil
	})
	if f.err != nil {
		r.release(&f)
	}
	return f
}

// release gives up the lines that were kept of a file.
func (r *reading) release(f *file) {
	r.room += f.kept.lines
	f.kept = batches{}
}

// batches are lines in groups of batchLines; the last group may be smaller.
type batches struct {
	groups [][]record.SettlementLine
	lines  int
}

func (b *batches) add(l record.SettlementLine) {
	if b.lines%batchLines == 0 {
		b.groups = append(b.groups, nil)
	}
	last := &b.groups[len(b.groups)-1]
	*last = append(*last, l)
	b.lines++
}

// take takes the first group out.
func (b *batches) take() (first []record.SettlementLine) {
	if len(b.groups) > 0 {
		first, b.groups = b.groups[0], b.groups[1:]
		b.lines -= len(first)
	}
	return first
}

// pass decodes a file from end to end, and its content to its end: a file that is encrypted or compressed is known to be
// whole only there. The checksum is of the raw bytes, and empty where they could not be read.
func (r *reading) pass(ctx context.Context, f delivery.File, yield decode.Yield) (sum string, s decode.Summary, err error) {
	raw := newRawFile(ctx, r.Place, f)
	inner := &whole{open: r.opener().Content(raw.open)}
	s, err = r.Decode(inner.content, f.Name, r.Feed, yield)
	if err == nil {
		if err = inner.rest(); err != nil {
			err = decode.At(f.Name, "file", 0, err)
		}
	}
	inner.close()
	if ctx.Err() != nil || errors.Is(err, errStopped) {
		return "", s, err
	}
	sum = raw.sum()
	if raw.err == nil {
		raw.err = r.Place.Check(ctx, f)
	}
	if raw.err != nil {
		if errors.Is(raw.err, delivery.ErrChanged) {
			raw.err = errUnsettled
		}
		return "", s, fmt.Errorf("read %s: %w", f.Name, raw.err)
	}
	return sum, s, err
}

// errUnsettled means that a file was being written while it was read.
var errUnsettled = delivery.ErrChanged

// whole is the content of a file as a decoder opens it. A decoder may stop before the end, which is where compression and
// encryption are checked.
type whole struct {
	open decode.Content
	last *partial
}

// partial is the content that was opened last.
type partial struct {
	io.Reader

	inner  io.Closer
	closed bool // by the decoder
	ended  bool // it was read to its end
}

func (w *whole) content() (io.ReadCloser, error) {
	if w.last != nil && w.last.closed {
		w.close()
	}
	r, err := w.open()
	if err != nil {
		return nil, err
	}
	w.last = &partial{Reader: r, inner: r}
	return w.last, nil
}

func (p *partial) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.ended = p.ended || errors.Is(err, io.EOF)
	return n, err
}

// Close leaves the content open for whole.rest.
func (p *partial) Close() error {
	p.closed = true
	return nil
}

// rest reads what the decoder has left.
func (w *whole) rest() error {
	if w.last == nil || w.last.ended {
		return nil
	}
	_, err := io.Copy(io.Discard, w.last)
	return err
}

func (w *whole) close() {
	if w.last != nil {
		_ = w.last.inner.Close() // it was only read
		w.last = nil
	}
}
