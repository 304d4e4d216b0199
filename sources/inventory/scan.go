package inventory

import (
	"context"
	"fmt"
)

// scan reads one file.
func (l *List) scan(ctx context.Context, i int, emit func(*Rows) error) error {
	l.settle(i, outcome{})
	o, stopped := l.file(ctx, i, emit)
	if stopped == nil && ctx.Err() != nil {
		stopped = context.Cause(ctx)
	}
	if stopped != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.broken = true
		return stopped
	}
	l.settle(i, o)
	return nil
}

// file fetches and decodes one file. Its error is that of emit.
func (l *List) file(ctx context.Context, i int, emit func(*Rows) error) (o outcome, stopped error) {
	f := l.manifest.Files[i]
	file, err := l.fetch(ctx, i)
	if err != nil {
		return outcome{err: err}, nil
	}
	defer func() { _ = file.Close() }() // only read
	bounded, cancel := context.WithTimeout(ctx, l.source.Settings.FileTimeout)
	defer cancel()
	rows := newAssembler(l.source.Bucket, l.source.AsOf.UnixMilli())
	g := guard{emit: emit}
	err = g.run(func() error {
		return l.decoder.decode(bounded, file, f.Size, func(c *columns) error {
			r, err := rows.assemble(c)
			if err != nil {
				return err
			}
			return g.hand(r)
		})
	})
	switch {
	case g.stopped != nil:
		return outcome{}, g.stopped
	case err != nil && bounded.Err() != nil:
		return outcome{err: &slowError{l.source.Settings.FileTimeout}}, nil
	case err != nil:
		return outcome{err: err}, nil
	}
	return outcome{scanned: true, rows: rows.number, newer: rows.newer}, nil
}

// guard turns a panic over a damaged file into an error, and lets those of the consumer through.
type guard struct {
	emit     func(*Rows) error
	emitting bool
	stopped  error // the consumer's
}

func (g *guard) run(decode func() error) (err error) {
	defer func() {
		if g.emitting {
			return
		}
		if r := recover(); r != nil {
			err = &damageError{fmt.Sprintf("is damaged: %v", r)}
		}
	}()
	return decode()
}

func (g *guard) hand(r *Rows) error {
	if r.Len == 0 {
		return nil
	}
	g.emitting = true
	g.stopped = g.emit(r)
	g.emitting = false
	return g.stopped
}
