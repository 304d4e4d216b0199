package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"parallax/internal/audit"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"Zürich 😀 a\u200db":               "Zürich 😀 a\u200db",
		"\x1b[31mred\x1b[0m":              `\x1b[31mred\x1b[0m`,
		"\x1b]0;title\a":                  `\x1b]0;title\x07`,
		"a\r\nb\tc\bd\x00\x7f":            `a\r\nb\tc\x08d\x00\x7f`,
		"\u009b31m\u0085":                 `\x9b31m\x85`,
		"\xff\x9b":                        `\xff\x9b`,
		"\u202egnp.exe\u2069\u2028\u2029": `\u202egnp.exe\u2069\u2028\u2029`,
	} {
		if got := visible(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// hostile puts one text into every field that a record's own text may come to.
func hostile(text string) (audit.StoredFinding, []audit.Event, audit.RunRecord) {
	f := finding()
	f.Key, f.Scope, f.Reason, f.Rule, f.Region, f.ClearedBy, f.Job = text, text, text, text, audit.Region(text), text, text
	f.Amounts = []audit.Money{{Minor: 1, Currency: text}}
	f.Evidence = []audit.Evidence{
		{Source: text, Region: audit.Region(text), Ref: text, Field: text, Value: text, Note: text}, {Value: text},
	}
	history := []audit.Event{{At: noon, Run: text, Actor: text, Action: text, Note: text}}
	gap := audit.Gap{Window: audit.At(noon), Reason: text, Remedy: text}
	return f, history, audit.RunRecord{RunID: text, Job: text, Verdict: audit.RunInconclusive, Coverage: []audit.Coverage{{
		Source: text, Scope: text, Region: audit.Region(text), Gaps: []audit.Gap{gap}, Excluded: []audit.Exclusion{{Reason: text, Records: 1}},
		Extents: []audit.Extent{{Name: text, From: text, To: text, Records: 1}},
	}}}
}

// shown is everything a terminal may be given.
func shown(t *testing.T, text string) string {
	t.Helper()
	f, history, run := hostile(text)
	var out bytes.Buffer
	write := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, format := range []Format{Table, CSV} {
		write(Findings(&out, format, Listing{Findings: []audit.StoredFinding{f}, Total: 1}))
		write(Coverage(&out, format, []audit.RunRecord{run}))
		write(Runs(&out, format, []Run{{RunRecord: run, Reported: []audit.StoredFinding{f}}}))
		write(Checks(&out, format, []Check{{State: "ok", What: text, Where: text, Detail: text, Remedy: text}}))
	}
	write(Finding(&out, Table, f, history))
	return out.String()
}

func FuzzNothingShownIsObeyed(f *testing.F) {
	plain := 0
	for _, text := range []string{"\x1b]8;;http://x\a", "\r\x1b[2K\x1b[1A", "a\nno findings\n", "\u009b2J", "\xc2", "\t=1", "plain"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if plain == 0 {
			plain = strings.Count(shown(t, "x"), "\n")
		}
		if text == "" {
			return // nothing is shown of it, not even its line
		}
		out := shown(t, text)
		if !utf8.ValidString(out) {
			t.Errorf("%q: not UTF-8", text)
		}
		if i := strings.IndexFunc(strings.ReplaceAll(out, "\n", ""), obeyed); i >= 0 {
			t.Errorf("%q: a terminal obeys something of %q", text, out)
		}
		if n := strings.Count(out, "\n"); n != plain {
			t.Errorf("%q: %d lines, want %d", text, n, plain)
		}
	})
}
