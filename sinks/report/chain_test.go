package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"parallax/internal/audit"
)

func someChains(t *testing.T) Chains {
	t.Helper()
	at := time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC)
	chains := []audit.Chain{
		{
			Scope: "payments", PaymentID: "pay_1", Key: "=k", Region: "eu-west-1", Amount: audit.Money{Minor: 1250, Currency: "EUR"}, At: at, Broken: "ledger",
			Links: []audit.Link{
				{Layer: "key", State: audit.LinkPresent, Region: "eu-west-1", Ref: "sequence 1", At: at},
				{Layer: "ledger", State: audit.LinkLost, Note: "only the old primary's snapshot has it\n"},
				{Layer: "receipt", State: audit.LinkPresent}, {Layer: "settlement", State: audit.LinkExpected},
			},
		},
		{Scope: "payments", PaymentID: "pay_2", Region: "eu-west-2", Amount: audit.Money{Minor: 500, Currency: "JPY"}, At: at.Add(time.Second)},
		{Scope: "payments", PaymentID: "line M1", At: at.Add(time.Second), Broken: "key"},
	}
	sums, err := SumChains(chains)
	if err != nil {
		t.Fatal(err)
	}
	return Chains{
		Basis: "computed", AsOf: at.Add(time.Hour), Window: audit.Window{From: at, To: at.Add(time.Minute)}, Total: 3,
		Summary: sums, Gaps: []string{"inventory receipts: late"}, Chains: chains,
	}
}

func chainText(t *testing.T, format Format, r Chains) string {
	t.Helper()
	var out bytes.Buffer
	if err := WriteChains(&out, format, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestChainsAsTable(t *testing.T) {
	r := someChains(t)
	want := `Payments taken 2026-11-18T14:07:00Z - 2026-11-18T14:08:00Z, as of 2026-11-18T15:07:00Z: computed from the layers, every payment that any of them knows

taken                 payment  region     amount     key      ledger   receipt  settlement  breaks at
2026-11-18T14:07:00Z  pay_1    eu-west-1  EUR 12.50  present  lost     present  expected    ledger
2026-11-18T14:07:01Z  pay_2    eu-west-2  JPY 500    unknown  unknown  unknown  unknown     -
2026-11-18T14:07:01Z  line M1             -          unknown  unknown  unknown  unknown     key

ledger    region     breaks at  payments  money
payments  unknown    key        1         -
payments  eu-west-1  ledger     1         EUR 12.50
payments  eu-west-2  nowhere    1         JPY 500

not read: inventory receipts: late
`
	if got := chainText(t, Table, r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Broken, r.Basis, r.Chains = true, "stored", r.Chains[:1]
	if got := chainText(t, Table, r); !strings.Contains(got, "from the store, payments whose chain is or was broken; 1 of 3 shown") {
		t.Errorf("got %s", got)
	}
}

func TestChainsForPrograms(t *testing.T) {
	r := someChains(t)
	var back Chains
	if err := json.Unmarshal([]byte(chainText(t, JSON, r)), &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%v, got %+v", err, back)
	}
	if lines := strings.Split(strings.TrimSpace(chainText(t, NDJSON, r)), "\n"); len(lines) != 3 || !strings.Contains(lines[0], `"payment_id":"pay_1"`) {
		t.Errorf("got %q", lines)
	}
	rows, err := csv.NewReader(strings.NewReader(chainText(t, CSV, r))).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%v, %d rows", err, len(rows))
	}
	cells := map[string]string{}
	for i, name := range rows[0] {
		if _, twice := cells[name]; twice {
			t.Errorf("column %s stands twice", name)
		}
		cells[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"payment_id": "pay_1", "key": "'=k", "amount_minor": "1250", "broken": "ledger", "key_state": "present", "key_at": "2026-11-18T14:07:00Z",
		"ledger_state": "lost", "ledger_at": "", "ledger_note": `only the old primary's snapshot has it\n`,
	} {
		if cells[name] != want {
			t.Errorf("%s: %q, want %q", name, cells[name], want)
		}
	}
}

func TestChainsAsWorkbook(t *testing.T) {
	f, err := excelize.OpenReader(strings.NewReader(chainText(t, XLSX, someChains(t))))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for sheet, want := range map[string][]string{
		"Summary":  {"payments", "", "key", "1"},
		"Chains":   {"2026-11-18 14:07:00", "pay_1", "=k", "eu-west-1", "12.50", "EUR", "ledger", "present", "eu-west-1 sequence 1"},
		"Not read": {"inventory receipts: late"},
	} {
		rows, err := f.GetRows(sheet)
		if err != nil || len(rows) < 2 || len(rows[1]) < len(want) || !reflect.DeepEqual(rows[1][:len(want)], want) {
			t.Errorf("%s: %v, got %q", sheet, err, rows)
		}
	}
}

func TestSumsOfChainsNeverRunOver(t *testing.T) {
	much := audit.Chain{Amount: audit.Money{Minor: math.MaxInt64, Currency: "EUR"}}
	if _, err := SumChains([]audit.Chain{much, much}); err == nil {
		t.Error("a sum past 64 bits")
	}
}
