package cardfile

import (
	"bytes"
	"encoding/xml"
	"strconv"
)

// camtAccount is one statement while it is written.
type camtAccount struct {
	Camt
	x        *elements
	letters  string
	currency money
}

// group puts lines of this account's currency into entries, each of one direction.
func (a camtAccount) group(lines []Line) [][]Line {
	var out [][]Line
	for _, l := range lines {
		if l.Currency != a.letters {
			continue
		}
		last := len(out) - 1
		if last >= 0 && len(out[last]) < a.Batch && moneyOut(out[last][0]) == moneyOut(l) {
			out[last] = append(out[last], l)
			continue
		}
		out = append(out, []Line{l})
	}
	return out
}

// moneyOut reports whether a line is a debit: what is charged back to the merchant, and what is negative.
func moneyOut(l Line) bool {
	return l.Kind == Refund || l.Kind == Chargeback || l.Kind == FeeCharged || l.Minor < 0
}

func unsigned(l Line) int64 { return max(l.Minor, -l.Minor) }

// sums are what entries move in and out.
func sums(entries [][]Line) (in, out, credits, debits int64) {
	for _, lines := range entries {
		var sum int64
		for _, l := range lines {
			sum += unsigned(l)
		}
		if moneyOut(lines[0]) {
			out, debits = out+sum, debits+1
		} else {
			in, credits = in+sum, credits+1
		}
	}
	return in, out, credits, debits
}

func (a camtAccount) balances(booked [][]Line) {
	in, out, _, _ := sums(booked)
	a.balance("OPBD", a.Opening, a.Date.AddDate(0, 0, -1).Format("2006-01-02"))
	a.balance("CLBD", a.Opening+in-out+a.WrongClosing, a.Date.Format("2006-01-02"))
}

func (a camtAccount) balance(code string, minor int64, day string) {
	a.x.open("Bal")
	a.x.open("Tp")
	a.x.wrap("CdOrPrtry", "Cd", code)
	a.x.close("Tp")
	a.signed(minor)
	a.x.wrap("Dt", "Dt", day)
	a.x.close("Bal")
}

// signed writes an amount and its direction.
func (a camtAccount) signed(minor int64) {
	a.amount(max(minor, -minor))
	a.direction(minor < 0)
}

func (a camtAccount) direction(out bool) {
	text := "CRDT"
	if out {
		text = "DBIT"
	}
	a.x.leaf("CdtDbtInd", text)
}

func (a camtAccount) amount(minor int64) {
	a.x.out.WriteString(`<Amt Ccy="` + a.letters + `">` + a.currency.decimal(minor) + "</Amt>\n")
}

// summary counts all entries, those that are not booked too.
func (a camtAccount) summary(booked, pending [][]Line) {
	in, out, credits, debits := sums(append(append([][]Line{}, booked...), pending...))
	x := a.x
	x.open("TxsSummry")
	x.open("TtlNtries")
	x.leaf("NbOfNtries", strconv.FormatInt(credits+debits+a.WrongCount, 10))
	x.leaf("Sum", a.currency.decimal(in+out+a.WrongSum))
	net := max(in-out, out-in)
	if x.version < 4 {
		x.leaf("TtlNetNtryAmt", a.currency.decimal(net))
		a.direction(in < out)
	} else {
		x.open("TtlNetNtry")
		x.leaf("Amt", a.currency.decimal(net))
		a.direction(in < out)
		x.close("TtlNetNtry")
	}
	x.close("TtlNtries")
	for _, c := range []struct {
		name       string
		count, sum int64
	}{{"TtlCdtNtries", credits, in}, {"TtlDbtNtries", debits, out}} {
		x.open(c.name)
		x.leaf("NbOfNtries", strconv.FormatInt(c.count, 10))
		x.leaf("Sum", a.currency.decimal(c.sum))
		x.close(c.name)
	}
	x.close("TxsSummry")
}

func (a camtAccount) entry(ref, status string, lines []Line) {
	x := a.x
	in, out, _, _ := sums([][]Line{lines})
	day := a.Date.Format("2006-01-02")
	x.open("Ntry")
	x.leaf("NtryRef", ref)
	a.amount(in + out + a.WrongEntry)
	a.direction(moneyOut(lines[0]))
	if x.version < 7 {
		x.leaf("Sts", status)
	} else {
		x.wrap("Sts", "Cd", status)
	}
	x.wrap("BookgDt", "Dt", day)
	x.wrap("ValDt", "Dt", a.Date.AddDate(0, 0, 1).Format("2006-01-02"))
	x.leaf("AcctSvcrRef", "B-"+ref)
	a.code(moneyOut(lines[0]))
	x.open("NtryDtls")
	if len(lines) > 1 {
		x.wrap("Btch", "NbOfTxs", strconv.FormatInt(int64(len(lines))+a.WrongBatch, 10))
	}
	for _, l := range lines {
		a.transaction(l)
	}
	x.close("NtryDtls")
	x.close("Ntry")
}

// code is payments, received or issued credit transfers, by SEPA.
func (a camtAccount) code(out bool) {
	family := "RCDT"
	if out {
		family = "ICDT"
	}
	a.x.open("BkTxCd")
	a.x.open("Domn")
	a.x.leaf("Cd", "PMNT")
	a.x.open("Fmly")
	a.x.leaf("Cd", family)
	a.x.leaf("SubFmlyCd", "ESCT")
	a.x.close("Fmly")
	a.x.close("Domn")
	a.x.close("BkTxCd")
}

func (a camtAccount) transaction(l Line) {
	x := a.x
	reference := l.Reference
	if reference == "" {
		reference = "NOTPROVIDED"
	}
	x.open("TxDtls")
	x.wrap("Refs", "EndToEndId", reference)
	switch {
	case a.Bare && (x.version < 3 || x.version >= 8): // those between have to
	case x.version < 3:
		x.open("AmtDtls")
		x.open("TxAmt")
		a.amount(unsigned(l))
		x.close("TxAmt")
		x.close("AmtDtls")
	default:
		a.amount(unsigned(l))
		a.direction(moneyOut(l))
	}
	if l.Fee > 0 {
		a.charges(l.Fee)
	}
	x.wrap("RmtInf", "Ustrd", "Settlement "+l.Reference+l.Note)
	x.close("TxDtls")
}

func (a camtAccount) charges(fee int64) {
	a.x.open("Chrgs")
	if a.x.version >= 3 {
		a.x.open("Rcrd")
	}
	a.amount(fee)
	a.direction(true)
	if a.x.version >= 3 {
		a.x.close("Rcrd")
	}
	a.x.close("Chrgs")
}

// elements writes XML.
type elements struct {
	out     bytes.Buffer
	version int
}

func (x *elements) open(name string)  { x.out.WriteString("<" + name + ">") }
func (x *elements) close(name string) { x.out.WriteString("</" + name + ">\n") }

func (x *elements) leaf(name, text string) {
	x.out.WriteString("<" + name + ">")
	_ = xml.EscapeText(&x.out, []byte(text)) // a buffer takes everything
	x.out.WriteString("</" + name + ">\n")
}

func (x *elements) wrap(outer, inner, text string) {
	x.open(outer)
	x.leaf(inner, text)
	x.close(outer)
}
