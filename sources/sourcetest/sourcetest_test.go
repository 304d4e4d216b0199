package sourcetest

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/pipeline"
	"parallax/internal/record"
)

var (
	noon   = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	window = audit.Window{From: noon, To: noon.Add(time.Hour)}
)

// numbers is a source of the numbers 1 to 9, three a batch, with one fault or none.
type numbers struct {
	fault string
	reads int
	first bool // of the sources that were opened
	down  bool
}

func (s *numbers) Read(ctx context.Context, w audit.Window, from audit.Cursor) iter.Seq2[record.Batch[int], error] {
	return func(yield func(record.Batch[int], error) bool) {
		s.reads++
		if s.down {
			s.refuse(w, yield)
			return
		}
		if s.fault == "leaks" {
			go func() { time.Sleep(200 * time.Millisecond) }()
		}
		at, _ := strconv.Atoi(string(from.Pos))
		var total int64
		for ; at < 9 && (!w.Empty() || s.fault == "ignores the window"); at += 3 {
			if ctx.Err() != nil && s.fault != "ignores the context" {
				break
			}
			b := s.batch(at)
			total += int64(len(b.Records))
			if !yield(b, nil) {
				if s.fault == "lingers" {
					s.fault = "skips"
				}
				return
			}
		}
		if err := ctx.Err(); err != nil && s.fault != "ignores the context" && s.fault != "swallows the end" {
			if !yield(record.Batch[int]{}, err) || s.fault != "goes on after an error" {
				return
			}
		}
		if s.fault == "miscounts" {
			total++
		}
		yield(record.Batch[int]{Extents: []audit.Extent{{Name: "numbers", Records: total}}}, nil)
	}
}

// batch is the three numbers behind at.
func (s *numbers) batch(at int) record.Batch[int] {
	cursor := at + 3
	b := record.Batch[int]{Records: []int{at + 1, at + 2, at + 3}}
	switch {
	case s.fault == "skips" && at == 6:
		b.Records = b.Records[:2]
	case s.fault == "repeats" && at == 3:
		b.Records[0] = 3
	case s.fault == "changes order" && s.first:
		b.Records[0], b.Records[2] = b.Records[2], b.Records[0]
	case s.fault == "cursor too early":
		cursor--
	case s.fault == "cursor too late" && at == 3:
		cursor += 3
	case s.fault == "reports a gap":
		b.Gaps = []audit.Gap{{Window: window, Reason: "none", Remedy: "none"}}
	}
	b.Cursor = audit.Cursor{Stream: "numbers", Pos: audit.Position(strconv.Itoa(cursor))}
	return b
}

func (s *numbers) refuse(w audit.Window, yield func(record.Batch[int], error) bool) {
	gap := audit.Gap{Window: w, Reason: "nobody answers", Remedy: "start it"}
	switch s.fault {
	case "silent when down":
		return
	case "no remedy":
		gap.Remedy = ""
	case "fails when down":
		yield(record.Batch[int]{}, errors.New("nobody answers"))
		return
	case "names the port":
		gap.Reason += " at " + strconv.Itoa(s.reads)
	}
	b := record.Batch[int]{Gaps: []audit.Gap{gap}}
	if s.fault == "claims when down" {
		b.Watermark = w.To
	}
	yield(b, nil)
}

func numbersCase(fault string) Case[int] {
	opened := 0
	return Case[int]{
		Open: func(*testing.T) pipeline.Source[int] {
			opened++
			return &numbers{fault: fault, first: opened == 1}
		},
		Window: window, Records: 9, ID: strconv.Itoa,
		Resume: func(_ *testing.T, left map[string]audit.Cursor) (pipeline.Source[int], audit.Cursor) {
			return &numbers{fault: fault}, left["numbers"]
		},
	}
}

func down(fault string) func(*testing.T) pipeline.Source[int] {
	return func(*testing.T) pipeline.Source[int] { return &numbers{fault: fault, down: true} }
}

func TestGoodSourcePasses(t *testing.T) {
	c := numbersCase("")
	c.Unreachable = map[string]func(*testing.T) pipeline.Source[int]{"down": down("")}
	Exercise(t, c)
}

// TestEachFaultIsFound lets every check fail once.
func TestEachFaultIsFound(t *testing.T) {
	type check = func(*Case[int], *testing.T) problems
	unreachable := func(c *Case[int], t *testing.T) problems { return c.unreachable(t, down(c.Open(t).(*numbers).fault)) }
	for fault, check := range map[string]check{
		"skips":                  (*Case[int]).again,
		"repeats":                (*Case[int]).again,
		"changes order":          (*Case[int]).again,
		"reports a gap":          (*Case[int]).again,
		"miscounts":              (*Case[int]).addsUp,
		"leaks":                  (*Case[int]).leaving,
		"lingers":                (*Case[int]).leaving,
		"ignores the context":    (*Case[int]).ending,
		"swallows the end":       (*Case[int]).ending,
		"goes on after an error": (*Case[int]).ending,
		"ignores the window":     (*Case[int]).empty,
		"cursor too early":       (*Case[int]).resuming,
		"cursor too late":        (*Case[int]).resuming,
		"silent when down":       unreachable,
		"no remedy":              unreachable,
		"fails when down":        unreachable,
		"names the port":         unreachable,
		"claims when down":       unreachable,
	} {
		good, bad := numbersCase(""), numbersCase(fault)
		if found := check(&good, t); len(found) > 0 {
			t.Errorf("%s: a good source has problems: %q", fault, found)
		}
		if found := check(&bad, t); len(found) == 0 {
			t.Errorf("a source that %s passes", fault)
		}
	}
}
