package settlement

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// numbering decodes files whose content is "series number date", for tests of what files say of themselves.
func numbering(c decode.Content, name, feed string, yield decode.Yield) (s decode.Summary, err error) {
	r, err := c()
	if err != nil {
		return s, err
	}
	defer r.Close()
	date := ""
	if _, err := fmt.Fscan(r, &s.SequenceOf, &s.Sequence, &date); err != nil {
		return s, decode.At(name, "line", 1, err)
	}
	s.Date(date)
	s.Records, s.Lines = 1, 1
	return s, yield(record.SettlementLine{Feed: feed, File: name, Record: 1, BusinessDate: date})
}

// numbered is a feed whose files carry these contents, named a, b, c, ...
func numberedFeed(t *testing.T, contents ...string) *Source {
	t.Helper()
	f := newFolder(t)
	for i, c := range contents {
		f.write(fmt.Sprintf("m-%c", 'a'+i), []byte(c))
	}
	s := f.source()
	s.Decode = numbering
	return s
}

// missing is what the sequence findings of a Read name, and its gaps must name the same.
func missing(t *testing.T, s *Source) string {
	t.Helper()
	got := read(s)
	if got.err != nil {
		t.Fatal(got.err)
	}
	var out []string
	for _, f := range s.Findings() {
		if f.Kind == "file.sequence_gap" {
			out = append(out, f.Key+": "+f.Evidence[0].Value)
			if !slices.ContainsFunc(got.gaps, func(g string) bool { return strings.EqualFold(g+".", f.Reason) }) {
				t.Errorf("no gap says %s: %q", f.Reason, got.gaps)
			}
		}
	}
	if len(got.gaps) != len(out) {
		t.Errorf("findings %q, gaps %q", out, got.gaps)
	}
	return strings.Join(out, "; ")
}

func TestSequenceGaps(t *testing.T) {
	for name, c := range map[string]struct {
		sequence *Sequence
		files    []string
		want     string
	}{
		"none missing":              {nil, []string{"x 7 2026-11-16", "x 8 2026-11-17", "x 9 2026-11-18"}, ""},
		"unnumbered":                {nil, []string{"x 0 2026-11-16", "x 0 2026-11-17"}, ""},
		"one":                       {nil, []string{"x 7 2026-11-16", "x 9 2026-11-18"}, "mastercard/x/after 7: 8"},
		"several":                   {nil, []string{"x 7 2026-11-16", "x 19 2026-11-18", "x 21 2026-11-18"}, "mastercard/x/after 19: 20; mastercard/x/after 7: 8-18"},
		"two series":                {nil, []string{"x 7 2026-11-16", "y 9 2026-11-18", "x 8 2026-11-17"}, ""},
		"dated otherwise":           {nil, []string{"x 7 2026-11-16", "x 8 2026-11-18", "x 9 2026-11-17"}, ""},
		"new year":                  {nil, []string{"x 251 2026-12-30", "x 252 2026-12-31", "x 1 2027-01-04", "x 3 2027-01-05"}, "mastercard/x/after 1: 2"},
		"last year's":               {nil, []string{"x 2 2026-01-05", "x 1 2027-01-04", "x 3 2027-01-05"}, "mastercard/x/after 1: 2"},
		"daily":                     {&Sequence{Daily: true}, []string{"x 1 2026-11-16", "x 2 2026-11-16", "x 1 2026-11-17"}, ""},
		"daily, first missing":      {&Sequence{Daily: true}, []string{"x 1 2026-11-16", "x 3 2026-11-17"}, "mastercard/x/after 0 of 2026-11-17: 1-2"},
		"daily, in between":         {&Sequence{Daily: true, First: 10}, []string{"x 10 2026-11-16", "x 12 2026-11-16"}, "mastercard/x/after 10 of 2026-11-16: 11"},
		"round ended":               {&Sequence{Last: 999}, []string{"x 998 2026-11-16", "x 999 2026-11-17", "x 1 2026-11-18"}, ""},
		"round ended badly":         {&Sequence{Last: 999}, []string{"x 998 2026-11-16", "x 2 2026-11-18"}, "mastercard/x/after 998: 999, 1"},
		"round ended at noon":       {&Sequence{Last: 999}, []string{"x 998 2026-11-16", "x 999 2026-11-16", "x 1 2026-11-16", "x 3 2026-11-16"}, "mastercard/x/after 1: 2"},
		"round ended badly at noon": {&Sequence{Last: 999}, []string{"x 998 2026-11-16", "x 2 2026-11-16"}, "mastercard/x/after 998: 999, 1"},
		"huge":                      {nil, []string{"x 1 2026-11-16", "x 9000000000000000000 2026-11-18"}, "mastercard/x/after 1: 2-8999999999999999999"},
	} {
		t.Run(name, func(t *testing.T) {
			s := numberedFeed(t, c.files...)
			s.Sequence = c.sequence
			if got := missing(t, s); got != c.want {
				t.Errorf("missing %q, want %q", got, c.want)
			}
		})
	}
}

// Numbers in names: with a series and a date, of files that earlier runs have read, of files that cannot be used, and of
// files that are still arriving.
func TestSequenceInNames(t *testing.T) {
	f := newFolder(t)
	for _, name := range []string{"m-visa-0007-20261116", "m-visa-0012-20261118", "m-amex-0001-20261118"} {
		f.write(name, []byte("x 0 2026-11-18 "+name))
	}
	f.write("m-visa-0009-20261117", []byte("garbage"))
	s := f.source()
	s.Decode = numbering
	s.Sequence = &Sequence{Name: regexp.MustCompile(`^m-(?P<series>[a-z]+)-(?P<sequence>\d+)-(?P<date>\d{8})`)}
	s.Known = []KnownFile{
		{Name: "m-visa-0005-20261113", Status: "accepted", BusinessDate: "2026-11-13"}, // 6 is missing before the first that is there
		{Name: "m-visa-0003-20261112", Status: "accepted", BusinessDate: "2026-11-12"}, // 4 was told then
		{Name: "m-visa-0010-20261117", Status: "accepted", BusinessDate: "2026-11-17"}, // gone, but it came
	}
	got := read(s)
	want := []string{"file.sequence_gap mastercard/visa/after 10", "file.sequence_gap mastercard/visa/after 5", "file.sequence_gap mastercard/visa/after 7"}
	if !slices.Equal(got.findings, want) {
		t.Errorf("findings %q, want %q; gaps %q", got.findings, want, got.gaps)
	}
	s.Settle = time.Minute // no file is read, but all numbers are there
	if again := read(s); len(again.lines) != 0 || !slices.Equal(again.findings, want) {
		t.Errorf("all files are young: %q", again.findings)
	}
}

func TestSequencePatternThatDoesNotFit(t *testing.T) {
	s := numberedFeed(t, "x 0 2026-11-16", "x 0 2026-11-18")
	s.Sequence = &Sequence{Name: regexp.MustCompile(`-(?P<sequence>\d+)`)}
	if got := read(s); len(got.lines) != 2 || len(got.gaps) != 2 || !strings.Contains(got.gaps[0], "m-a has no number") {
		t.Errorf("%+v", got)
	}
}

// One number twice with other content is a duplicate on the same date, and the next round on another.
func TestSequenceNumberTwice(t *testing.T) {
	s := numberedFeed(t, "x 7 2026-11-16", "x 7 2026-11-16 again", "x 7 2026-11-17")
	read(s).expect(t, 2, []string{"m-b differs from m-a under the same sequence number and was not used"}, []string{"file.duplicate m-b"},
		[]string{"m-a accepted", "m-b duplicate", "m-c accepted"})
	if e := s.Findings()[0].Evidence[0]; e.Field != "sequence number" || e.Value != "7" {
		t.Errorf("%+v", e)
	}
}

func TestSequenceGapSaysWhere(t *testing.T) {
	s := numberedFeed(t, "x 7 2026-11-16", "x 9 2026-11-18")
	read(s)
	f := s.Findings()[0]
	if f.Reason != "Files numbered 8 of mastercard, series x are missing before m-b." || f.Severity != "high" || f.Scope != "payments" || len(f.Evidence) != 3 ||
		f.Window.From.Format(time.DateOnly) != "2026-11-16" || f.Window.To.Format(time.DateOnly) != "2026-11-19" {
		t.Errorf("%+v", f)
	}
}

func TestListSpansIsBounded(t *testing.T) {
	var spans []span
	for i := range int64(30) {
		spans = append(spans, span{i * 10, i*10 + i%2})
	}
	if got := listSpans(spans); !strings.HasPrefix(got, "0, 10-11, 20") || !strings.HasSuffix(got, "190-191, and 10 more such ranges") {
		t.Errorf("%s", got)
	}
}
