package camt

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"parallax/internal/money"
	"parallax/sources/settlement/decode"
)

// statement is one account statement or notification.
type statement struct {
	err             error // what is wrong with the statement itself spoils the file
	id, page        string
	sequence, legal int64
	number          string // of the account; not to be shown
	currency        string
	day             string // YYYY-MM-DD on which it ends
	balance         balance
	opening         map[string]balance // by currency
	closing         map[string]balance
	stated          summary
	all, booked     tally
	unsplit         int64 // entries whose transactions carry no amounts
	unfooted        int64 // entries with a transaction that cannot be read
}

type balance struct {
	code   string // OPBD, CLBD, ...
	amount money.Amount
	sign   int64
	day    string
}

// summary is TxsSummry as it stands in the file.
type summary struct {
	all, credits, debits figures
	net                  string
	netSign              int64
}

type figures struct{ count, sum string }

// tally counts entries.
type tally struct {
	credits, debits int64
	flows           map[string]flow // by currency
	unreadable      int64           // entries without a readable amount and direction
}

// flow is money in and out, both positive, in minor units.
type flow struct{ in, out int64 }

func (d *decoder) beginStatement() {
	d.statements++
	d.st = statement{
		opening: map[string]balance{}, closing: map[string]balance{},
		all: tally{flows: map[string]flow{}}, booked: tally{flows: map[string]flow{}},
	}
	d.entry.open, d.detail.open = false, false
}

// endBalance keeps the booked balances: the earliest opening and the latest closing one of a currency. What was closed before
// (PRCD) serves where no opening balance stands.
func (d *decoder) endBalance() error {
	b := d.st.balance
	if b.code != "OPBD" && b.code != "PRCD" && b.code != "CLBD" {
		return nil
	}
	if b.amount.Currency == "" || b.sign == 0 {
		return &decode.FieldError{Field: "Stmt/Bal", Err: errors.New("has no amount or no direction")}
	}
	have, known := d.st.closing[b.amount.Currency]
	if b.code == "CLBD" {
		if !known || b.day >= have.day {
			d.st.closing[b.amount.Currency] = b
		}
		d.out.Date(b.day)
		return nil
	}
	have, known = d.st.opening[b.amount.Currency]
	better := b.code == have.code && b.day < have.day || b.code == "OPBD" && have.code == "PRCD"
	if !known || better {
		d.st.opening[b.amount.Currency] = b
	}
	return nil
}

// count adds an entry to what the statement holds, whether it will be a line or not.
func (s *statement) count(e *entry) error {
	if err := s.all.add(e); err != nil || e.status != booked {
		return err
	}
	return s.booked.add(e)
}

func (t *tally) add(e *entry) error {
	if e.amount.Currency == "" || e.sign == 0 || e.status == "" {
		t.unreadable++
		return nil
	}
	var err error
	f := t.flows[e.amount.Currency]
	if e.sign > 0 {
		t.credits++
		f.in, err = decode.Add(f.in, e.amount.Minor)
	} else {
		t.debits++
		f.out, err = decode.Add(f.out, e.amount.Minor)
	}
	t.flows[e.amount.Currency] = f
	if err != nil {
		return fmt.Errorf("sum of the entries %w", err)
	}
	return nil
}

const maxStatements = 20 // of one file whose totals are told one by one

func (d *decoder) endStatement() error {
	if err := d.identify(); err != nil {
		return err
	}
	if err := d.balances(); err != nil {
		return err
	}
	return d.summary()
}

// identify gives the file its id: what the bank calls its statements, with their numbers, pages and accounts.
func (d *decoder) identify() error {
	s := &d.st
	if s.id == "" {
		return &decode.FieldError{Field: "Stmt/Id", Err: errors.New("is missing")}
	}
	id, account := s.id, ""
	if s.number != "" {
		account = lastFour(s.number)
	}
	if len(s.number) >= 8 { // banks build statement ids from it
		id = strings.ReplaceAll(id, s.number, account)
	}
	if n := cmp.Or(s.sequence, s.legal); n > 0 {
		id += "/" + strconv.FormatInt(n, 10)
		if d.statements == 1 {
			d.out.Sequence, d.out.SequenceOf = n, strings.TrimSpace(account+" "+s.currency)
		}
	}
	if s.page != "" {
		id += "/page " + s.page
	}
	if account != "" && !strings.Contains(id, account) { // two accounts may count alike
		id += " " + account
	}
	switch {
	case d.statements == 1:
		d.out.FileID = id
	case d.statements > 1:
		d.out.Sequence, d.out.SequenceOf = 0, "" // several accounts or days: no one number
		if len(d.out.FileID)+len(id) < 200 {
			d.out.FileID += " + " + id
		}
	}
	return nil
}

// balances proves, in each currency, that the opening balance and the entries make the closing balance.
func (d *decoder) balances() error {
	s := &d.st
	for currency, closing := range s.closing {
		opening, ok := s.opening[currency]
		if !ok {
			continue
		}
		f := s.booked.flows[currency]
		want := closing.amount.Minor * closing.sign
		have, err := decode.Add(opening.amount.Minor*opening.sign, f.in)
		if err == nil {
			have, err = decode.Add(have, -f.out)
		}
		if err != nil {
			return &decode.FieldError{Field: "Stmt/Bal", Err: err}
		}
		d.total("stated closing "+currency, want)
		if s.booked.unreadable+s.all.unreadable > 0 {
			d.say("computed closing "+currency, s.unverifiable())
			continue
		}
		d.total("computed closing "+currency, have)
		if want != have {
			return &decode.FieldError{Field: "Stmt/Bal", Err: fmt.Errorf("%w: closing balance stated as %s %d, opening balance and entries make %d", decode.ErrControlTotal, currency, want, have)}
		}
	}
	return nil
}

func (s *statement) unverifiable() string {
	return fmt.Sprintf("not verifiable: %d entries have no readable amount", s.all.unreadable)
}

func (d *decoder) total(key string, n int64) { d.say(key, strconv.FormatInt(n, 10)) }

// say notes a total of the statement.
func (d *decoder) say(key, value string) {
	if d.statements > maxStatements {
		return
	}
	if d.out.Totals == nil {
		d.out.Totals = map[string]string{}
	}
	if d.statements > 1 {
		key += fmt.Sprintf(", statement %d", d.statements)
	}
	d.out.Totals[key] = value
}
