// Package canary holds a small sealed history of a global table with losses that are known, and says whether an audit has
// found them. Each run of the lost-write audit replays it through the code that audits the real tables: an auditor that
// misses what is known to be there cannot be believed where nothing is known.
package canary

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// The two regions of the history and its table.
const (
	First  = audit.Region("canary-a")
	Second = audit.Region("canary-b")
	Table  = "canary"
)

//go:embed history.txt
var history string

// seal is the SHA-256 of the history: a gauge that was bent measures nothing.
const seal = "ed9eb1adbeef064e1f0775aebb98f2c95e58f870e4f12bc9df0b426c8e7bd474"

// day is when the history plays.
var day = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Window is the time the history covers, long enough for everything in it to have settled.
func Window() audit.Window { return audit.Window{From: day, To: day.Add(24 * time.Hour)} }

// Known is a fault that must be found.
type Known struct {
	Key     string
	Kind    audit.Kind
	Verdict audit.Verdict
}

// History is the sealed history.
type History struct {
	Changes []record.Change // of each region in the order of its stream
	Known   []Known
	Matched int64 // records whose version both regions hold
}

// Open reads the sealed history.
func Open() (History, error) {
	if sum := sha256.Sum256([]byte(history)); hex.EncodeToString(sum[:]) != seal {
		return History{}, fmt.Errorf("open canary: the sealed history was changed: its sha256 is %x", sum)
	}
	return parse(history)
}

// Result is how many of the known faults were found, and what was wrong, if anything.
type Result struct {
	Found, Known int
	Wrong        []string
}

// Sound reports whether all that is known was found, and nothing else.
func (r Result) Sound() bool { return r.Found == r.Known && len(r.Wrong) == 0 }

// String is "12 of 12 known faults found".
func (r Result) String() string {
	text := fmt.Sprintf("%d of %d known faults found", r.Found, r.Known)
	if len(r.Wrong) > 0 {
		text += ": " + strings.Join(r.Wrong, "; ")
	}
	return text
}

// Judge holds what an audit found in the history, how many records it matched and how many holes it saw, against what is
// in it.
func (h History) Judge(findings []audit.Finding, matched int64, holes int) Result {
	r := Result{Known: len(h.Known)}
	if holes > 0 {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d holes were seen where none is", holes))
	}
	if matched != h.Matched {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d records were matched, not %d", matched, h.Matched))
	}
	left := map[Known]int{}
	for _, f := range findings {
		left[Known{Key: f.Key, Kind: f.Kind, Verdict: f.Verdict}]++
	}
	for _, k := range h.Known {
		if left[k] == 0 {
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s of %s was not found", k.Kind, k.Key))
			continue
		}
		left[k]--
		r.Found++
	}
	for _, f := range findings {
		if k := (Known{Key: f.Key, Kind: f.Kind, Verdict: f.Verdict}); left[k] > 0 {
			left[k] = 0
			r.Wrong = append(r.Wrong, fmt.Sprintf("%s %s of %s is not in the history", k.Verdict, k.Kind, k.Key))
		}
	}
	return r
}

// parser reads the text of a history.
type parser struct {
	out      History
	key      string
	versions map[string]record.Image
}

func parse(text string) (History, error) {
	p := parser{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if err := p.line(fields); err != nil {
			return History{}, fmt.Errorf("open canary: line %d: %w", n, err)
		}
	}
	return p.out, nil
}

var errForm = errors.New("not of the form that the head of the history describes")

func (p *parser) line(fields []string) error {
	switch {
	case fields[0] == "key" && len(fields) == 2:
		p.key, p.versions = fields[1], map[string]record.Image{"-": ""}
		return nil
	case fields[0] == "version" && len(fields) >= 5:
		return p.version(fields[1:])
	case fields[0] == "expect" && len(fields) == 3:
		p.out.Known = append(p.out.Known, Known{Key: p.key, Kind: audit.Kind(fields[1]), Verdict: audit.Verdict(fields[2])})
		return nil
	case fields[0] == "matched" && len(fields) == 2:
		n, err := strconv.ParseInt(fields[1], 10, 64)
		p.out.Matched = n
		return err
	case len(fields) == 4:
		return p.record(fields)
	default:
		return errForm
	}
}

var regions = map[string]audit.Region{"a": First, "b": Second, "-": ""}

func (p *parser) version(fields []string) error {
	region, known := regions[fields[1]]
	if !known {
		return errForm
	}
	payment := "pay-" + p.key
	if len(fields) > 4 {
		payment = fields[4]
	}
	attrs := map[string]record.Attr{
		"pk": {Type: "S", Text: p.key}, "write_id": {Type: "S", Text: p.key + "/" + fields[0]}, "payment_id": {Type: "S", Text: payment},
		"amount_minor": {Type: "N", Text: fields[2]}, "currency": {Type: "S", Text: "EUR"}, "status": {Type: "S", Text: fields[3]},
	}
	if region != "" {
		attrs["origin"] = record.Attr{Type: "S", Text: string(region)}
	}
	p.versions[fields[0]] = record.NewImage(attrs)
	return nil
}

func (p *parser) record(fields []string) error {
	region := regions[fields[0]]
	clock, err := time.Parse(time.TimeOnly, fields[1])
	before, hadBefore := p.versions[fields[2]]
	after, hasAfter := p.versions[fields[3]]
	if err != nil || region == "" || !hadBefore || !hasAfter {
		return errForm
	}
	c := record.Change{
		Table: Table, Region: region, Shard: "canary", Seq: fmt.Sprintf("%021d", len(p.out.Changes)+1), Event: "MODIFY",
		At: day.Add(clock.Sub(clock.Truncate(24 * time.Hour))), Key: p.key, Old: before, New: after,
	}
	switch {
	case before.Absent():
		c.Event = "INSERT"
	case after.Absent():
		c.Event = "REMOVE"
	}
	p.out.Changes = append(p.out.Changes, c)
	return nil
}
