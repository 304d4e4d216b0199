package camt

import (
	"cmp"
	"errors"
	"math"
	"strings"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// maxHeld is how many transactions of an entry are kept until it ends, to see whether all of them carry an amount. Of a
// longer entry the first so many decide: if they do, all others must.
const maxHeld = 1000

// entry is one booking on the account.
type entry struct {
	open     bool
	err      error // the first thing wrong with it
	amount   money.Amount
	sign     int64 // 1 money in, -1 money out, 0 not yet known
	reversal bool
	status   string
	booked   string // YYYY-MM-DD
	value    string
	code     bankCode
	note     note
	rate     string
	fees     []record.LineFee

	ref, servicerRef, messageID, paymentInfo string

	batchCount int64 // transactions that its batches state
	details    int64 // transactions read
	held       []detail
	streaming  bool  // the first maxHeld transactions have been sent
	whole      bool  // one of the first maxHeld has no amount: the entry will be one line
	sum        int64 // of the transactions, signed
	charges    int64 // theirs and the entry's own, positive costs
	unreadable int64 // transactions without a readable amount
	told       bool  // a line has told the entry's own charges
}

func (e *entry) reset() { *e = entry{open: true, held: e.held[:0]} }

// detail is one transaction of an entry.
type detail struct {
	open   bool
	err    error
	sign   int64 // 0: the entry's
	amount money.Amount
	code   bankCode
	note   note
	rate   string
	fees   []record.LineFee

	txAmount, counterValue                              money.Amount
	endToEnd, txID, servicerRef, messageID, paymentInfo string
}

// bankCode is a bank transaction code, of ISO 20022's external code set or the bank's own.
type bankCode struct{ domain, family, sub, proprietary string }

func (c bankCode) String() string {
	if c.domain == "" {
		return c.proprietary
	}
	return strings.Trim(c.domain+"-"+c.family+"-"+c.sub, "-")
}

// charge is one of an entry's or a transaction's.
type charge struct {
	amount money.Amount
	sign   int64
}

const maxFees = 50 // of one transaction that are listed

func (d *decoder) endCharge() error {
	c := d.charge
	d.charge = charge{}
	into := &d.entry.fees
	if d.detail.open {
		into = &d.detail.fees
	}
	if c.amount.Currency == "" || len(*into) >= maxFees {
		return nil
	}
	if c.sign > 0 { // given back
		c.amount.Minor = -c.amount.Minor
	}
	*into = append(*into, record.LineFee{Kind: record.OtherFee, Amount: c.amount})
	return nil
}

func (e *entry) countBatch(text string) error {
	var n int64
	if err := number(text, &n); err != nil || n > math.MaxInt32 {
		return errors.New("is not a number of transactions")
	}
	e.batchCount = min(e.batchCount+n, math.MaxInt32)
	return nil
}

func (d *decoder) endDetail() error {
	e := &d.entry
	e.details++
	d.detail.open = false
	if e.skipped() {
		return nil
	}
	switch {
	case e.whole:
		return nil
	case e.streaming:
		return d.sendDetail(&d.detail)
	}
	e.held = append(e.held, d.detail)
	if len(e.held) < maxHeld {
		return nil
	}
	if e.missing() != "" {
		return d.at("Stmt/Ntry", errors.New("transactions stand before the entry's own amount, direction and status"))
	}
	if e.whole = !d.splits(); e.whole {
		return nil
	}
	e.streaming = true
	return d.sendHeld()
}

const booked = "BOOK"

// skipped reports whether none of the entry's transactions will be a line.
func (e *entry) skipped() bool { return e.err != nil || e.status != "" && e.status != booked }

// missing names what an entry must have and lacks.
func (e *entry) missing() string {
	switch {
	case e.amount.Currency == "":
		return "Amt"
	case e.sign == 0:
		return "CdtDbtInd"
	case e.status == "":
		return "Sts"
	}
	return ""
}

func (d *decoder) endEntry() error {
	e := &d.entry
	e.open = false
	if field := e.missing(); field != "" && e.err == nil {
		e.err = &decode.FieldError{Field: "Stmt/Ntry/" + field, Err: errors.New("is missing")}
	}
	if err := d.st.count(e); err != nil {
		return d.at("Stmt/Ntry/Amt", err)
	}
	if err := e.err; err != nil {
		d.reject(err)
		return nil
	}
	switch {
	case e.status != booked:
		d.out.Admin++
		d.out.Records++
		return nil
	case e.details == 0:
		return d.sendWhole(nil)
	case e.details == 1:
		return d.single(&e.held[0])
	case e.streaming:
	case !e.whole && d.splits():
		if err := d.sendHeld(); err != nil {
			return err
		}
	default:
		d.st.unsplit++
		return d.sendWhole(&e.held[0])
	}
	return d.foot()
}

// single is an entry of one transaction: the entry says what was booked.
func (d *decoder) single(t *detail) error {
	e := &d.entry
	if err := t.err; err != nil {
		d.reject(err)
		return nil
	}
	d.out.Records++
	if t.amount.Currency == e.amount.Currency {
		e.sum = t.amount.Minor * cmp.Or(t.sign, e.sign)
		if err := e.charge(t); err != nil {
			return d.at(transaction+"/Chrgs", err)
		}
		if err := d.foot(); err != nil {
			return err
		}
	}
	return d.send(d.line(t, e.amount.Minor*e.sign))
}

// splits reports whether every transaction that could be read carries an amount in the entry's currency.
func (d *decoder) splits() bool {
	for i := range d.entry.held {
		if t := &d.entry.held[i]; t.err == nil {
			if _, ok := t.booked(d.entry.amount.Currency); !ok {
				return false
			}
		}
	}
	return true
}

// booked is what a transaction says was booked for it, unsigned: its amount, else the transaction amount or countervalue in
// the currency of the entry.
func (t *detail) booked(currency string) (int64, bool) {
	for _, a := range []money.Amount{t.amount, t.txAmount, t.counterValue} {
		if a.Currency == currency {
			return a.Minor, true
		}
	}
	return 0, false
}

func (d *decoder) sendHeld() error {
	for i := range d.entry.held {
		if err := d.sendDetail(&d.entry.held[i]); err != nil {
			return err
		}
	}
	d.entry.held = d.entry.held[:0]
	return nil
}

func (d *decoder) sendDetail(t *detail) error {
	e := &d.entry
	minor, ok := t.booked(e.amount.Currency)
	if !ok && t.err == nil {
		t.err = &decode.FieldError{Field: transaction + "/Amt", Err: errors.New("is missing or in another currency than the entry's")}
	}
	if ok {
		minor *= cmp.Or(t.sign, e.sign)
		var err error
		if e.sum, err = decode.Add(e.sum, minor); err == nil {
			err = e.charge(t)
		}
		if err != nil {
			return d.at(transaction, err)
		}
	} else {
		e.unreadable++
	}
	if err := t.err; err != nil {
		d.reject(err)
		return nil
	}
	d.out.Records++
	return d.send(d.line(t, minor))
}

// charge adds a transaction's charges to those of the entry.
func (e *entry) charge(t *detail) (err error) {
	for _, f := range t.fees {
		if f.Amount.Currency == e.amount.Currency && err == nil {
			e.charges, err = decode.Add(e.charges, f.Amount.Minor)
		}
	}
	return err
}
