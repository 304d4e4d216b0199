package store

import (
	"encoding/json"
	"strings"
	"testing"

	"parallax/internal/audit"
)

func TestHostileTextIsSpelledOut(t *testing.T) {
	s, o := fresh(t), everything("run-1")
	bad := "a\x00b\xffc\u2028😀"
	f := &o.Findings[0]
	f.Key, f.Scope, f.Reason, f.Rule, f.Region = bad, bad, bad, bad, audit.Region(bad)
	f.Evidence = []audit.Evidence{{Source: bad, Ref: bad, Field: bad, Value: bad, Note: bad, Region: audit.Region(bad)}}
	c := &o.Coverage[0]
	c.Scope, c.Extents[0].Name, c.Excluded[0].Reason, c.Gaps[0].Reason = bad, bad, bad, bad
	c.Extents[0].Totals = map[string]string{bad: bad}
	o.Files[0].Name, o.Files[0].Reason, o.Files[0].Totals = bad, bad, map[string]string{bad: bad}
	o.Matches[0].PaymentID, o.Samples[0].Scope, o.Failovers[0].Cluster = bad, bad, bad
	commit(t, s, o)
	got := get(t, s, *f)
	if want := `a\x00b\xffc` + "\u2028😀"; got.Key != want || got.Evidence[0].Value != want {
		t.Errorf("key %q, evidence %q", got.Key, got.Evidence[0].Value)
	}
}

// TestNoCardNumberReachesTheStore puts one everywhere a record's own text may come to.
func TestNoCardNumberReachesTheStore(t *testing.T) {
	plain := "411111" + "111111" + "1111" // the networks' published test number
	for name, pan := range map[string]string{
		"plain": plain, "spaces": "4111 1111" + " 1111 1111", "dashes": "4111-1111" + "-1111-1111", "stuck": "ref" + plain + "x",
	} {
		t.Run(name, func(t *testing.T) {
			s, o := fresh(t), everything("run-1")
			f := &o.Findings[0]
			f.Key, f.Scope, f.Rule, f.Reason = pan, pan, pan, "card "+pan+"."
			f.Evidence = []audit.Evidence{{Source: pan, Ref: pan, Field: pan, Value: pan, Note: "(" + pan + ")"}}
			c := &o.Coverage[0]
			c.Scope, c.Source, c.Gaps[0].Reason, c.Gaps[0].Remedy, c.Excluded[0].Reason = pan, pan, pan, pan, pan
			c.Extents[0] = audit.Extent{Name: pan, From: pan, To: pan, Totals: map[string]string{pan: pan}}
			o.Files[0].Feed, o.Files[0].Name, o.Files[0].FileID, o.Files[0].Reason = pan, pan, pan, pan
			o.Files[0].Totals = map[string]string{pan: pan}
			m := &o.Matches[0]
			m.Scope, m.File, m.PaymentID, m.Reference, m.Rule = pan, pan, pan, pan, pan
			o.Samples[0].Layer, o.Samples[0].Scope, o.Samples[0].Method = pan, pan, pan
			o.Failovers[0].Cluster, o.Failovers[0].Snapshot, o.Failovers[0].Measures[0].Basis = pan, pan, pan
			commit(t, s, o)
			d := Decision{Status: audit.Resolved, Actor: pan, Note: pan, At: noon}
			if err := s.SetStatus(t.Context(), f.Fingerprint, d); err != nil {
				t.Fatal(err)
			}
			everywhere, err := json.Marshal(dump(t, s))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(everywhere), pan) || strings.Contains(string(everywhere), plain) {
				t.Errorf("a full card number is in the store: %s", everywhere)
			}
			if got := get(t, s, *f); name == "plain" && (got.Reason != "card 411111******1111." || got.Fingerprint != f.Fingerprint) {
				t.Errorf("reason %q, fingerprint %s", got.Reason, got.Fingerprint)
			}
			if found, _, err := s.Findings(t.Context(), Filter{Key: pan}); err != nil || len(found) != 1 {
				t.Errorf("asked for by its key: %d findings, %v", len(found), err)
			}
			if matches, err := s.Matches(t.Context(), pan, pan); err != nil || len(matches) != 1 {
				t.Errorf("asked for by its file: %d matches, %v", len(matches), err)
			}
		})
	}
}

// TestLongRunsOfDigitsSurvive: an acquirer reference has 23 digits, a sequence number 21 and more.
func TestLongRunsOfDigitsSurvive(t *testing.T) {
	s, o := fresh(t), everything("run-1")
	visa := "411111" + "1111111111"
	arn, seq := "7"+visa+"999999", "1"+visa+"99999"
	o.Matches[0].Reference, o.Findings[0].Key, o.Coverage[0].Extents[0].From = arn, arn, seq
	o.Cursors[0].Pos, o.Segments[0].First = audit.Position(seq), seq
	// A position is given back byte by byte, whatever it looks like.
	o.Cursors[1].Pos = audit.Position(visa)
	commit(t, s, o)
	matches, err := s.Matches(t.Context(), "mastercard", "")
	if err != nil || matches[0].Reference != arn || get(t, s, o.Findings[0]).Key != arn {
		t.Errorf("%+v, %v", matches, err)
	}
	run, err := s.Run(t.Context(), "run-1")
	if err != nil || run.Coverage[0].Extents[0].From != seq {
		t.Errorf("%+v, %v", run.Coverage, err)
	}
	cursors, err := s.Cursors(t.Context(), o.Job)
	if err != nil || string(cursors["shard-1"].Pos) != seq || string(cursors["shard-2"].Pos) != visa {
		t.Errorf("%+v, %v", cursors, err)
	}
}
