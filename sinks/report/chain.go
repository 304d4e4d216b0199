package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"parallax/internal/audit"
)

// Chains is the report of payments over the four layers.
type Chains struct {
	Basis   string        `json:"basis"` // "computed": all payments, from the layers as they are; "stored": those that are or were broken, as the newest runs saw them
	AsOf    time.Time     `json:"as_of"`
	Window  audit.Window  `json:"window"`
	Broken  bool          `json:"broken_only"`
	Total   int           `json:"total"` // payments, shown or not
	Summary []ChainSum    `json:"summary"`
	Gaps    []string      `json:"gaps"` // what was not read, so that links are unknown
	Chains  []audit.Chain `json:"chains"`
}

// ChainSum counts the payments of one region whose chains break at the same link, and their money.
type ChainSum struct {
	Scope    string        `json:"scope"`
	Region   audit.Region  `json:"region"`
	Broken   string        `json:"broken"` // empty: whole, as far as is known
	Payments int           `json:"payments"`
	Amounts  []audit.Money `json:"amounts"`
}

// chainLayers are the layers in the order of a chain.
var chainLayers = []string{"key", "ledger", "receipt", "settlement"}

// SumChains counts chains by ledger, region and broken link: whole ones first, then in the order of the layers. A sum past 64
// bits is an error.
func SumChains(chains []audit.Chain) ([]ChainSum, error) {
	type group struct {
		scope  string
		region audit.Region
		broken string
	}
	counts, amounts := map[group]int{}, map[group][]audit.Money{}
	for _, c := range chains {
		g := group{c.Scope, c.Region, c.Broken}
		counts[g]++
		if c.Amount.Currency != "" {
			amounts[g] = append(amounts[g], c.Amount)
		}
	}
	sums := make([]ChainSum, 0, len(counts))
	for g, n := range counts {
		total, err := Sums(amounts[g])
		if err != nil {
			return nil, err
		}
		sums = append(sums, ChainSum{g.scope, g.region, g.broken, n, total})
	}
	slices.SortFunc(sums, func(a, b ChainSum) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Region, b.Region),
			cmp.Compare(slices.Index(chainLayers, a.Broken), slices.Index(chainLayers, b.Broken)))
	})
	return sums, nil
}

// WriteChains writes the report in one of the formats table, csv, json, ndjson and xlsx. Only table, json and xlsx hold the
// summary and what was not read.
func WriteChains(w io.Writer, format Format, r Chains) error {
	switch format {
	case JSON:
		return writeJSON(w, r)
	case NDJSON:
		return writeLines(w, r.Chains)
	case CSV:
		rows := make([][]string, len(r.Chains))
		for i, c := range r.Chains {
			rows[i] = chainCells(c)
		}
		return writeCSV(w, chainHeader(), rows)
	case XLSX:
		return chainWorkbook(w, r)
	default:
		return chainTable(w, r)
	}
}

func chainHeader() []string {
	head := []string{"scope", "payment_id", "key", "region", "amount_minor", "currency", "at", "broken"}
	for _, layer := range chainLayers {
		for _, part := range []string{"_state", "_region", "_ref", "_at", "_note"} {
			head = append(head, layer+part)
		}
	}
	return head
}

func chainCells(c audit.Chain) []string {
	row := []string{
		c.Scope, c.PaymentID, c.Key, string(c.Region), strconv.FormatInt(c.Amount.Minor, 10), c.Amount.Currency, rfc(c.At), c.Broken,
	}
	for _, layer := range chainLayers {
		l := linkOf(c, layer)
		at := ""
		if !l.At.IsZero() {
			at = rfc(l.At)
		}
		row = append(row, string(l.State), string(l.Region), l.Ref, at, l.Note)
	}
	return row
}

func linkOf(c audit.Chain, layer string) audit.Link {
	i := slices.IndexFunc(c.Links, func(l audit.Link) bool { return l.Layer == layer })
	if i < 0 {
		return audit.Link{Layer: layer, State: audit.LinkUnknown}
	}
	return c.Links[i]
}

// chainTable shows a line for each payment, then the sums.
func chainTable(w io.Writer, r Chains) error {
	if _, err := io.WriteString(w, sayf("Payments taken %s - %s, as of %s: %s\n\n", rfc(r.Window.From), rfc(r.Window.To), rfc(r.AsOf), basisText(r))); err != nil {
		return err
	}
	rows := [][]string{{"taken", "payment", "region", "amount", "key", "ledger", "receipt", "settlement", "breaks at"}}
	for _, c := range r.Chains {
		row := []string{rfc(c.At), c.PaymentID, string(c.Region), amountText(c.Amount)}
		for _, layer := range chainLayers {
			row = append(row, string(linkOf(c, layer).State))
		}
		rows = append(rows, append(row, cmp.Or(c.Broken, "-")))
	}
	if len(r.Chains) > 0 {
		if err := columns(w, rows); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err := chainSums(w, r.Summary); err != nil {
		return err
	}
	for _, g := range r.Gaps {
		if _, err := io.WriteString(w, sayf("\nnot read: %s", g)); err != nil {
			return err
		}
	}
	if len(r.Gaps) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

func chainSums(w io.Writer, sums []ChainSum) error {
	if len(sums) == 0 {
		_, err := io.WriteString(w, "no payment of that time is known\n")
		return err
	}
	rows := [][]string{{"ledger", "region", "breaks at", "payments", "money"}}
	for _, s := range sums {
		rows = append(rows, []string{s.Scope, cmp.Or(string(s.Region), "unknown"), cmp.Or(s.Broken, "nowhere"), strconv.Itoa(s.Payments), MoneyList(s.Amounts)})
	}
	return columns(w, rows)
}

func basisText(r Chains) string {
	text := "computed from the layers, every payment that any of them knows"
	if r.Basis == "stored" {
		text = "from the store, payments whose chain is or was broken"
	}
	if r.Broken {
		text += fmt.Sprintf("; %d of %d shown, those that are broken", len(r.Chains), r.Total)
	}
	return text
}

func amountText(m audit.Money) string {
	if m.Currency == "" {
		return "-"
	}
	return Money(m)
}
