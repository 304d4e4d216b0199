package settlement

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/sources/settlement/decode"
)

// Sequence says how the files of a feed are numbered.
type Sequence struct {
	// Name finds the number in a file's name, by the group "sequence"; a group "series" tells several series apart, a group
	// "date" (20261118 or 2026-11-18) gives the day. Nil: the number is the one that the file itself carries, if it does.
	Name  *regexp.Regexp
	Daily bool  // numbers begin at First again for every business date, so that the first one can be missed too
	First int64 // the first number, where Daily or Last is set; 0 means 1
	Last  int64 // after which numbers begin at First again; 0: they do not
}

// position is a file's place in the feed's numbering.
type position struct {
	series string
	date   string // last business date, YYYY-MM-DD; empty where unknown
	number int64
	known  bool // the file is numbered
}

// numbered is a file with its place; name is for people.
type numbered struct {
	position

	name string
	gone bool // read by an earlier run and not there now, or left out: what is missing before it was told then
}

func (r *reading) sequence() Sequence {
	if r.Sequence == nil {
		return Sequence{}
	}
	s := *r.Sequence
	s.First = cmp.Or(s.First, 1)
	return s
}

// position is where a file stands. What its name says comes first.
func (r *reading) position(f file) position {
	date := ""
	if n := len(f.summary.BusinessDates); n > 0 {
		date = f.summary.BusinessDates[n-1]
	}
	if p, ok := r.sequence().inName(f.Name, date); ok {
		return p
	}
	if f.summary.Sequence <= 0 {
		return position{}
	}
	return position{series: f.summary.SequenceOf, date: date, number: f.summary.Sequence, known: true}
}

// inName reads a position from a name.
func (s Sequence) inName(name, date string) (position, bool) {
	if s.Name == nil {
		return position{}, false
	}
	groups := s.Name.FindStringSubmatch(name)
	group := func(name string) string {
		if i := s.Name.SubexpIndex(name); i >= 0 && i < len(groups) {
			return groups[i]
		}
		return ""
	}
	n, err := strconv.ParseInt(group("sequence"), 10, 64)
	if err != nil || n < 0 {
		return position{}, false
	}
	if day, err := decode.ParseDate(group("date")); err == nil {
		date = day
	}
	return position{series: group("series"), date: cmp.Or(date, decode.DateInName(name)), number: n, known: true}, true
}

// sequences looks for numbers that are missing between files, and says so by finding and gap.
func (r *reading) sequences(files []file) error {
	series := map[string][]numbered{}
	add := func(n numbered) {
		key := n.series
		if r.sequence().Daily {
			key += "\x00" + n.date
		}
		series[key] = append(series[key], n)
	}
	for _, f := range files {
		if !f.place.known {
			if err := r.unnumbered(f); err != nil {
				return err
			}
			continue
		}
		add(numbered{position: f.place, name: f.Name}) // a copy too: its number has come
	}
	r.earlier(files, add)
	for _, key := range sortedKeys(series) {
		for _, h := range r.sequence().holes(series[key]) {
			if err := r.hole(h); err != nil {
				return err
			}
		}
	}
	return nil
}

// unnumbered is the gap of a file whose name the pattern does not fit.
func (r *reading) unnumbered(f file) error {
	if r.sequence().Name == nil || f.err != nil {
		return nil //nolint:nilerr // what is wrong with the file has been told
	}
	return r.gap(r.windowOf(f.summary.BusinessDates), f.Name+" has no number that the feed's sequence pattern finds: whether files are missing before it is not known",
		"correct the feed's sequence pattern")
}

// earlier adds the numbers of files that cannot be asked now: read by earlier runs and gone, left out, or still arriving.
func (r *reading) earlier(files []file, add func(numbered)) {
	surveyed := map[string]bool{}
	for _, f := range files {
		surveyed[f.Name] = true
	}
	for _, k := range r.Known {
		p, ok := r.sequence().inName(k.Name, k.BusinessDate)
		if !ok || k.Status == statusRejected || surveyed[k.Name] {
			continue
		}
		surveyed[k.Name] = true
		add(numbered{position: p, name: k.Name, gone: true})
	}
	for _, name := range sortedKeys(r.present) {
		if p, ok := r.sequence().inName(name, ""); ok && !surveyed[name] {
			add(numbered{position: p, name: name})
		}
	}
}

// hole is a run of numbers of which no file is there.
type hole struct {
	series        string
	before, after numbered // the files around it; before may have no name, at the beginning of a day
	missing       []span
}

// span is consecutive numbers, both ends included.
type span struct{ from, to int64 }

func (s span) String() string {
	if s.from == s.to {
		return strconv.FormatInt(s.from, 10)
	}
	return fmt.Sprintf("%d-%d", s.from, s.to)
}

// hole reports missing numbers.
func (r *reading) hole(h hole) error {
	key := fmt.Sprintf("%s/after %d", r.Feed, h.before.number)
	of := r.Feed
	if h.series != "" {
		key, of = fmt.Sprintf("%s/%s/after %d", r.Feed, h.series, h.before.number), r.Feed+", series "+h.series
	}
	if r.sequence().Daily {
		key += " of " + h.after.date
	}
	var dates []string
	for _, n := range []numbered{h.before, h.after} {
		if n.date != "" {
			dates = append(dates, n.date)
		}
	}
	slices.Sort(dates)
	w, missing := r.windowOf(dates), listSpans(h.missing)
	what := fmt.Sprintf("files numbered %s of %s are missing before %s", missing, of, h.after.name)
	f := r.finding(audit.FileSequenceGap, key, audit.High, w)
	f.Rule = "the numbers of a feed's files have no gaps"
	f.Reason = "F" + what[1:] + "."
	f.Evidence = []audit.Evidence{{Source: "feed " + r.Feed, Field: "sequence number", Value: missing, Note: "missing"}}
	for _, n := range []numbered{h.before, h.after} {
		if n.name != "" {
			f.Evidence = append(f.Evidence, audit.Evidence{Source: "file " + n.name, Field: "sequence number", Value: strconv.FormatInt(n.number, 10), Note: n.date})
		}
	}
	r.findings = append(r.findings, f)
	return r.gap(w, what, "ask the sender for the missing files")
}

// maxSpans is how many spans of missing numbers are named.
const maxSpans = 20

func listSpans(spans []span) string {
	var out []string
	for i, s := range spans {
		if i == maxSpans {
			out = append(out, fmt.Sprintf("and %d more such ranges", len(spans)-i))
			break
		}
		out = append(out, s.String())
	}
	return strings.Join(out, ", ")
}

// near reports whether two dates are close enough for a number to be the same file's, and not one of the next round.
func near(a, b string) bool {
	first, err1 := time.Parse(time.DateOnly, a)
	second, err2 := time.Parse(time.DateOnly, b)
	return err1 != nil || err2 != nil || first.Sub(second).Abs() <= 45*24*time.Hour
}
