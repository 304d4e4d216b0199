package repair_test

import (
	"strings"
	"testing"

	"parallax/internal/audit"
	"parallax/sinks/repair"
)

func TestAnswerNamesWhatIsDownOnce(t *testing.T) {
	down := "ledger payments in eu-west-1: no answer\nledger payments in eu-west-2: no answer"
	a := repair.Answer{AsOf: asOf, Expires: later, Steps: []repair.StepState{
		{About: item("a").About, File: "f", Action: "update row", State: repair.Unasked, Note: down},
		{About: item("b").About, File: "f", Action: "update row", State: repair.Unasked, Note: down},
		{About: item("c").About, File: "f", Action: "put-item", State: repair.Changed, Note: "the item is gone"},
	}}
	var b strings.Builder
	if err := repair.ShowAnswer(&b, "table", a); err != nil {
		t.Fatal(err)
	}
	want := `GUARD             ACTION       KEY   FINDING   FILE
cannot be asked   update row   a     f1        f
cannot be asked   update row   b     f1        f
changed           put-item     c     f1        f (the item is gone)

Why some cannot be asked:
  ledger payments in eu-west-1: no answer
  ledger payments in eu-west-2: no answer

0 hold, 0 done already, 1 changed since, 2 could not be asked. Nothing was changed.
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestMoneyIsShownInMajorUnits(t *testing.T) {
	row := oddRow("a")
	row.Amounts = []audit.Money{{Minor: 115817, Currency: "EUR"}, {Minor: 500, Currency: "JPY"}, {Minor: 7, Currency: "XX1"}}
	out, files := written(t, repair.Plan{Rows: []repair.Row{row}})
	var b strings.Builder
	if err := repair.ShowWritten(&b, "table", "dir", out.Manifest); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), " EUR 1,158.17  JPY 500  XX1 7 (minor units) ") {
		t.Errorf("shown: %s", b.String())
	}
	if !strings.Contains(string(files["ledger-odd.sql"]), "payment a, EUR 1,158.17, JPY 500, XX1 7 (minor units)\n") {
		t.Errorf("file: %s", files["ledger-odd.sql"])
	}
}
