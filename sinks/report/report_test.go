package report

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
)

var noon = time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)

func finding() audit.StoredFinding {
	return audit.StoredFinding{
		Finding: audit.Finding{
			Fingerprint: "0123456789abcdef0123456789abcdef", Kind: audit.LWWDoubleAccept, Severity: audit.Critical, Verdict: audit.Proven,
			Status: audit.Open, Scope: "keys", Key: "order-1", Region: "eu-west-1", Amounts: []audit.Money{{Minor: 13750, Currency: "EUR"}},
			Window: audit.At(noon), Reason: "One key was accepted twice.", Rule: "two inserts",
			Evidence: []audit.Evidence{{Source: "stream keys", Region: "eu-west-1", At: noon, Field: "write_id", Value: "w1", Note: "lost"}},
		},
		Job: "lww", FirstSeen: noon, LastSeen: noon.Add(time.Hour), Runs: 3,
	}
}

// TestContract holds the field names that outside programs read.
func TestContract(t *testing.T) {
	var out bytes.Buffer
	if err := Findings(&out, JSON, Listing{Findings: []audit.StoredFinding{finding()}, Total: 1}); err != nil {
		t.Fatal(err)
	}
	var docs []map[string]any
	if err := json.Unmarshal(out.Bytes(), &docs); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{
		"fingerprint", "kind", "severity", "verdict", "status", "key", "region", "amount_minor", "currency",
		"first_seen", "last_seen", "window", "reason", "evidence",
	} {
		if _, found := docs[0][field]; !found {
			t.Errorf("no field %s", field)
		}
	}
	if docs[0]["amount_minor"] != 13750.0 || docs[0]["currency"] != "EUR" || docs[0]["first_seen"] != "2026-11-18T12:00:00Z" {
		t.Errorf("got %v", docs[0])
	}
}

func TestWithoutMoneyTheAmountIsNull(t *testing.T) {
	f := finding()
	f.Amounts = nil
	body, err := json.Marshal(f)
	if err != nil || !strings.Contains(string(body), `"amount_minor":null`) {
		t.Errorf("%s %v", body, err)
	}
}

func TestMoney(t *testing.T) {
	for _, tc := range []struct {
		money audit.Money
		want  string
	}{
		{audit.Money{Minor: 120410, Currency: "EUR"}, "EUR 1,204.10"},
		{audit.Money{Minor: 41200, Currency: "JPY"}, "JPY 41,200"},
		{audit.Money{Minor: 1500, Currency: "KWD"}, "KWD 1.500"},
		{audit.Money{Minor: 5, Currency: "ZZZ"}, "ZZZ 5 (minor units)"},
	} {
		if got := Money(tc.money); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.money, got, tc.want)
		}
	}
}

func TestSumsNeverMixOrOverflow(t *testing.T) {
	got, err := Sums([]audit.Money{{Minor: 2, Currency: "GBP"}, {Minor: 1, Currency: "EUR"}, {Minor: 3, Currency: "EUR"}})
	if want := []audit.Money{{Minor: 4, Currency: "EUR"}, {Minor: 2, Currency: "GBP"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	if got, err := Sums([]audit.Money{{Minor: math.MaxInt64, Currency: "EUR"}, {Minor: 1, Currency: "EUR"}}); err == nil {
		t.Errorf("a sum past 64 bits: %v", got)
	}
}

func TestCSVCellsAreNoFormulas(t *testing.T) {
	f := finding()
	f.Key, f.Reason = `=HYPERLINK("http://x")`, "@SUM(A1)"
	var out bytes.Buffer
	if err := Findings(&out, CSV, Listing{Findings: []audit.StoredFinding{f}, Total: 1}); err != nil {
		t.Fatal(err)
	}
	for _, formula := range []string{`,"=HYPERLINK`, ",@SUM"} {
		if strings.Contains(out.String(), formula) {
			t.Errorf("formula %s in\n%s", formula, out.String())
		}
	}
	if guard("-12") != "-12" || guard("-12+cmd") != "'-12+cmd" || guard("\tx") != "'\tx" {
		t.Error("a negative number must stay, anything else be guarded")
	}
}

func TestACutListingSaysSo(t *testing.T) {
	var out bytes.Buffer
	if err := Findings(&out, Table, Listing{Findings: []audit.StoredFinding{finding()}, Total: 41}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "1 of 41 findings shown, 40 left out") {
		t.Error(out.String())
	}
}

func TestPageEscapesWhatItShows(t *testing.T) {
	f := finding()
	f.Reason = `<script>alert(1)</script>`
	f.Evidence[0].Note = `"><img src=x>`
	var out bytes.Buffer
	if err := WritePage(&out, Page{Title: "t", Findings: []audit.StoredFinding{f}}); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	if strings.Contains(page, "<script>") || strings.Contains(page, "<img") {
		t.Error("markup of a record reached the page")
	}
	for _, outside := range []string{"http://", "https://", "src=\"", "@import"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page refers to something outside: %s", outside)
		}
	}
}

func TestCertificateNamesTheGap(t *testing.T) {
	run := audit.RunRecord{
		RunID: "r1", Job: "lww", Window: audit.Window{From: noon, To: noon.Add(time.Hour)}, AsOf: noon.Add(time.Hour), Verdict: audit.RunInconclusive,
		Coverage: []audit.Coverage{{
			Source: "archive", Scope: "keys", Region: "eu-west-2", Records: 1204881,
			Extents:  []audit.Extent{{Name: "a", From: "9", To: "10", Records: 1}, {Name: "b", From: "8", To: "9", Records: 1}},
			Excluded: []audit.Exclusion{{Reason: "younger than the settle delay", Records: 3}},
			Gaps:     []audit.Gap{{Window: audit.Window{From: noon, To: noon.Add(time.Minute)}, Reason: "trimmed before it was read", Remedy: "capture more often"}},
		}},
	}
	var out bytes.Buffer
	if err := Coverage(&out, Table, []audit.RunRecord{run}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"INCONCLUSIVE", "2 segments  8 - 10", "1,204,881 records", "1 GAP", "3 left out: younger than the settle delay",
		"not seen, 2026-11-18T12:00:00Z/2026-11-18T12:01:00Z: trimmed before it was read (remedy: capture more often)",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestInventoryFiles: a file is a file of rows, and its checksum is in every form of the certificate that has room for it.
func TestInventoryFiles(t *testing.T) {
	runs := []audit.RunRecord{{RunID: "r1", Job: "receipts", Coverage: []audit.Coverage{{
		Source: "inventory", Scope: "receipts", Region: "eu-west-2", Records: 7,
		Extents: []audit.Extent{
			{Name: "settings of b", Totals: map[string]string{"versioning": "enabled"}},
			{Name: "d/b/daily/2026-11-18T00-00Z/manifest.json", Checksum: "md5:0123456789abcdef0123456789abcdef"},
			{Name: "d/b/daily/data/x.csv.gz", Records: 7, Checksum: "md5:fedcba9876543210fedcba9876543210"},
			{Name: "live look-ups in b", Records: 3},
		},
		Excluded: []audit.Exclusion{{Reason: "no rule covers them", Records: 3}},
	}}}}
	for format, wants := range map[Format][]string{
		Table: {"d/b/daily/data/x.csv.gz", "7 records"},
		HTML:  {"manifest.json md5 0123456789ab; x.csv.gz md5 fedcba987654<", "3 left out: no rule covers them"},
		CSV:   {",3,0,,3 no rule covers them,manifest.json md5 0123456789ab; x.csv.gz md5 fedcba987654\n"},
	} {
		var out bytes.Buffer
		if err := Coverage(&out, format, runs); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "files") {
				t.Errorf("%s: no %q in\n%s", format, want, out.String())
			}
		}
	}
	many := audit.Coverage{}
	for range 14 {
		many.Extents = append(many.Extents, audit.Extent{Name: "f", Checksum: "md5:aa"})
	}
	if got := checksums(many); !strings.HasSuffix(got, "f md5 aa; and 4 more") {
		t.Error(got)
	}
}

// TestOneKindIsAddedUpSeveralAreNot: a payment lost in the ledger and missing in settlement is the same money twice.
func TestOneKindIsAddedUpSeveralAreNot(t *testing.T) {
	a, b := finding(), finding()
	b.Kind = audit.LedgerLostRow
	for _, tc := range []struct {
		findings []audit.StoredFinding
		want     string
	}{
		{[]audit.StoredFinding{a, a}, "2 findings, at stake EUR 275.00\n"},
		{[]audit.StoredFinding{a}, "1 finding, at stake EUR 137.50\n"},
		{[]audit.StoredFinding{a, b}, "2 findings of 2 kinds; one payment can be in several, so their money is not added up (use --kind)\n"},
	} {
		var out bytes.Buffer
		if err := Findings(&out, Table, Listing{Findings: tc.findings, Total: len(tc.findings), Overlap: true}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(out.String(), "\n"+tc.want) {
			t.Errorf("want %q below\n%s", tc.want, out.String())
		}
	}
}

func TestNoFindingsBeforeAnyRunMeansNothing(t *testing.T) {
	for noRuns, want := range map[bool]string{true: nothingKnown, false: "no findings"} {
		var out bytes.Buffer
		if err := Findings(&out, Table, Listing{NoRuns: noRuns}); err != nil || out.String() != want+"\n" {
			t.Errorf("no runs %t: %q, %v", noRuns, out.String(), err)
		}
	}
	if said := (Listing{}).Caveat(); said != "" {
		t.Errorf("after a run: %q", said)
	}
}
