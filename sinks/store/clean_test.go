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

func TestNoCardNumberReachesTheStore(t *testing.T) {
	s, o := fresh(t), everything("run-1")
	pan := "411111" + "111111" + "1111" // the networks' published test number
	f := &o.Findings[0]
	f.Reason = "card " + pan + "."
	f.Evidence[0].Value, f.Evidence[0].Note = pan, "("+pan+")"
	o.Coverage[0].Gaps[0].Reason, o.Coverage[0].Excluded[0].Reason, o.Files[0].Reason = pan, pan, pan
	commit(t, s, o)
	if err := s.SetStatus(t.Context(), f.Fingerprint, Decision{Status: audit.Resolved, Actor: "finance", Note: pan, At: noon}); err != nil {
		t.Fatal(err)
	}
	everywhere, err := json.Marshal(dump(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(everywhere), pan) {
		t.Error("a full card number is in the store")
	}
	if got := get(t, s, *f).Reason; got != "card 411111******1111." {
		t.Errorf("reason %q", got)
	}
}

func TestMaskCards(t *testing.T) {
	visa, amex, series2 := "411111"+"1111111111", "378282"+"246310005", "222300"+"3122003222"
	for in, want := range map[string]string{
		"":                    "",
		visa:                  "411111******1111",
		amex:                  "378282******0005",
		series2:               "222300******3222",
		visa + "," + amex:     "411111******1111,378282******0005",
		visa[:15] + "2":       visa[:15] + "2",       // the check digit does not agree
		"1" + visa:            "1" + visa,            // 17 digits that begin with 1
		visa + visa:           visa + visa,           // 32 digits
		"7" + visa + "999999": "7" + visa + "999999", // an acquirer reference has 23 digits
		"1700000000000":       "1700000000000",       // milliseconds since 1970
	} {
		if got := maskCards(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
