package report

import (
	"io"
	"strconv"
	"strings"
)

// WriteDossier writes a dossier: as a page (HTML), its first page alone (Print), JSON, a workbook (XLSX), the lost payments as
// CSV, or in short for a terminal (Table). The same dossier gives the same bytes.
func WriteDossier(w io.Writer, format Format, d Dossier) error {
	d = d.WithHeadline()
	switch format {
	case HTML, Print:
		return dossierHTML(w, d, format == Print)
	case JSON:
		return writeJSON(w, d)
	case XLSX:
		return dossierWorkbook(w, d)
	case CSV:
		return lostCSV(w, d.Lost)
	default:
		return dossierTable(w, d)
	}
}

// lostCSV is a line for each lost payment and currency of its money.
func lostCSV(w io.Writer, lost []LostPayment) error {
	header := []string{
		"payment_id", "key", "ledger", "region", "at", "amount_minor", "currency", "verdict", "status",
		"link_key", "link_ledger", "link_receipt", "link_settlement", "rebuild", "finding",
	}
	var rows [][]string
	for _, p := range lost {
		row := []string{p.PaymentID, p.Key, p.Ledger, string(p.Region), rfc(p.At), "", "", string(p.Verdict), string(p.Status)}
		for _, layer := range layers {
			row = append(row, string(p.link(layer).State))
		}
		row = append(row, p.Rebuild, string(p.Finding))
		if len(p.Amounts) == 0 {
			rows = append(rows, row)
		}
		for _, m := range p.Amounts {
			line := append([]string{}, row...)
			line[5], line[6] = strconv.FormatInt(m.Minor, 10), m.Currency
			rows = append(rows, line)
		}
	}
	return writeCSV(w, header, rows)
}

// dossierTable is the first page for a terminal.
func dossierTable(w io.Writer, d Dossier) error {
	var b strings.Builder
	b.WriteString(sayf("%s\n%s\n\n", d.Headline.Title, d.Headline.When))
	for _, s := range d.Headline.Says {
		b.WriteString(sayf("  %s\n", s.Text))
	}
	b.WriteString("\n")
	figures := [][]string{{"MEASURED", "LAYER", "VALUE", "OBJECTIVE", "", "READ FROM"}}
	for _, f := range d.Figures {
		basis := f.Basis
		if f.Note != "" {
			basis = f.Note + "; " + basis
		}
		figures = append(figures, []string{strings.ToUpper(f.Figure), f.Layer, f.Measured(), f.Objective.String(), stateText(f.State), basis})
	}
	money := [][]string{{"MONEY", "COUNT", "IN THE OUTAGE", "AT STAKE"}}
	for _, r := range d.Money {
		count := strconv.Itoa(r.Count)
		if !r.Complete {
			count = "at least " + count
		}
		money = append(money, []string{r.Name, count, strconv.Itoa(r.InOutage), MoneyList(r.Amounts)})
	}
	for _, rows := range [][][]string{figures, money} {
		if err := columns(&b, rows); err != nil {
			return err
		}
		b.WriteString("\n")
	}
	for i, a := range d.Actions {
		b.WriteString(sayf("%s. %s\n   %s\n", i+1, a.What, a.Why))
		for _, line := range []string{a.File, a.Command} {
			if line != "" {
				b.WriteString(sayf("   %s\n", line))
			}
		}
	}
	for _, g := range d.NotCovered {
		b.WriteString(sayf("not read: %s, %s %s %s: %s\n", g.Job, g.Source, g.Scope, g.Region, g.Reason))
	}
	b.WriteString(sayf("as of %s UTC; the whole dossier: --format html, json or xlsx\n", stamp(d.AsOf)))
	_, err := io.WriteString(w, b.String())
	return err
}
