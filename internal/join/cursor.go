package join

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"parallax/internal/spill"
)

// merged is what several sorters hold, as one sequence.
type merged struct {
	sorters []*sorter
	memory  int64 // for reading
}

// newMerged prepares sorters for being read. They belong to it from then on.
func newMerged(ctx context.Context, sorters []*sorter, memory int64) (*merged, error) {
	m := &merged{sorters: sorters, memory: memory}
	most := max(2, int(memory/2/minBuffer)/max(1, len(sorters)))
	for _, s := range sorters {
		if err := s.reduce(ctx, most); err != nil {
			return nil, errors.Join(err, m.close())
		}
		s.sort()
	}
	return m, nil
}

func (m *merged) begin(ctx context.Context) (*cursor, error) {
	if m.sorters == nil {
		return nil, errors.New("the result is closed")
	}
	runs := 0
	for _, s := range m.sorters {
		runs += len(s.runs)
	}
	size := int(max(minBuffer, min(runBuffer, m.memory/2/int64(max(1, runs)))))
	cur := newCursor(ctx)
	for _, s := range m.sorters {
		for _, run := range s.runs {
			cur.addRun(s.file, run, size)
		}
		cur.inputs = append(cur.inputs, &input{refs: s.refs, arena: s.arena})
	}
	return cur, cur.start()
}

func (m *merged) close() error {
	var errs error
	for _, s := range m.sorters {
		errs = errors.Join(errs, s.free())
	}
	m.sorters = nil
	return errs
}

// spilled is how much was written to disk.
func (m *merged) spilled() int64 {
	var n int64
	for _, s := range m.sorters {
		n += s.end
	}
	return n
}

// input is one sorted sequence of entries: of a sorter's memory, or of a run.
type input struct {
	refs  []ref
	arena []byte
	run   *bufio.Reader
	buf   []byte
	entry entry
}

func (in *input) next() (bool, error) {
	if in.run == nil {
		if len(in.refs) == 0 {
			return false, nil
		}
		in.entry = entryAt(in.arena[in.refs[0].at:])
		in.refs = in.refs[1:]
		return true, nil
	}
	head, err := in.run.Peek(entryLengths)
	if err != nil {
		if errors.Is(err, io.EOF) && len(head) == 0 {
			return false, nil
		}
		return false, fmt.Errorf("read a sorted run: %w", err)
	}
	_, total := entrySize(head)
	if cap(in.buf) < total {
		in.buf = make([]byte, total+total/2)
	}
	in.buf = in.buf[:total]
	if _, err := io.ReadFull(in.run, in.buf); err != nil {
		return false, fmt.Errorf("read a sorted run: %w", err)
	}
	in.entry = entryAt(in.buf)
	return true, nil
}

// cursor merges sorted inputs.
type cursor struct {
	ctx    context.Context
	inputs []*input // a heap once it was started
	begun  bool
	count  int
	entry  entry // where the cursor stands
	err    error
}

func newCursor(ctx context.Context) *cursor { return &cursor{ctx: ctx} }

func (c *cursor) addRun(f *spill.File, run extent, size int) {
	c.inputs = append(c.inputs, &input{run: bufio.NewReaderSize(io.NewSectionReader(f, run.offset, run.length), size)})
}

// start reads the first entry of every input.
func (c *cursor) start() error {
	full := c.inputs[:0]
	for _, in := range c.inputs {
		ok, err := in.next()
		if err != nil {
			return err
		}
		if ok {
			full = append(full, in)
		}
	}
	c.inputs = full
	slices.SortFunc(c.inputs, func(a, b *input) int { return a.entry.compare(b.entry) })
	return nil
}

// next moves to the next entry, which is valid until the call after.
func (c *cursor) next() bool {
	if c.err != nil {
		return false
	}
	if c.count++; c.count%1024 == 0 && c.ctx.Err() != nil {
		c.err = context.Cause(c.ctx)
		return false
	}
	if c.begun && len(c.inputs) > 0 {
		ok, err := c.inputs[0].next()
		if err != nil {
			c.err = err
			return false
		}
		if !ok {
			last := len(c.inputs) - 1
			c.inputs[0] = c.inputs[last]
			c.inputs = c.inputs[:last]
		}
		c.sink()
	}
	c.begun = true
	if len(c.inputs) == 0 {
		return false
	}
	c.entry = c.inputs[0].entry
	return true
}

// sink restores the heap after its first input has changed.
func (c *cursor) sink() {
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(c.inputs); child++ {
			if c.inputs[child].entry.compare(c.inputs[least].entry) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		c.inputs[i], c.inputs[least] = c.inputs[least], c.inputs[i]
		i = least
	}
}
