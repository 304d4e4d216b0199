// Package paypal reads PayPal's Settlement Report (STL): every transaction of a day that moved an account's balances, with
// its fee, and per currency the totals and balances.
//
// Layout: https://developer.paypal.com/docs/reports/sftp-reports/settlement-report/, versions 7 to 12, comma or tab. The
// first column says what a row is: RH report header, FH file header, SH section header (an account), CH the names of the
// columns, SB a transaction, SF the totals and balances of one currency, SC the number of the section's transactions, RF
// and RC the same for the report, FF the number of the file's transactions. Amounts are unsigned whole numbers beside a
// column that says CR or DR, written times 100 whatever the currency: 100 yen are 10000.
//
// Before anything may be used, the totals of SF and RF are held against the sums of the rows, the counts of SC, RC and FF
// against their number, and opening balance and rows against the closing balance. Where a report comes in several files,
// the report's own totals (RF, RC) of the later ones cannot be: they are about all of them. Not read: buyers' names and
// addresses, items, and the fees of PayPal Credit.
package paypal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/rows"
)

// Options change how a report is read. The zero value will do for most.
type Options struct {
	// PaymentID is the column with the merchant's own reference; "Invoice ID" if empty.
	PaymentID string
}

// Decode reads a Settlement Report. It is a decode.Func.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	return New(Options{})(c, name, feed, yield)
}

// New returns a reader with options.
func New(o Options) decode.Func {
	return func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		r, err := c()
		if err != nil {
			return decode.Summary{}, decode.At(name, "line", 0, err)
		}
		defer r.Close() //nolint:errcheck // read only
		buffered := bufio.NewReader(r)
		d := decoder{name: name, feed: feed, yield: yield, rows: rows.NewReader(buffered, delimiter(buffered)), names: columnNames(o), interned: decode.Interns{}}
		d.out.Totals = map[string]string{}
		return d.decode()
	}
}

// delimiter looks behind the first field of the file.
func delimiter(r *bufio.Reader) rune {
	start, _ := r.Peek(16) // an error comes again when the row is read
	if i := bytes.IndexAny(start, "\t,"); i >= 0 && start[i] == '\t' {
		return '\t'
	}
	return ','
}

type decoder struct {
	name, feed string
	yield      decode.Yield
	rows       *rows.Reader
	names      [columnCount]column
	interned   decode.Interns
	account    string // of the report
	fileNumber int64
	begun      bool // RH was read
	numbered   bool // FH was read
	done       bool // FF was read
	section    *section
	report     totals // of the file's sections
	count      int64  // transactions of the file
	unread     int64  // of them, those without a readable amount
	sections   int
	out        decode.Summary
}

func (d *decoder) decode() (decode.Summary, error) {
	for {
		row, line, err := d.rows.Next()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		broken := errors.Is(err, rows.ErrBroken)
		if err == nil || broken {
			d.out.Records++
			err = d.row(row, line, broken)
		}
		if stop := (decode.StopError{}); errors.As(err, &stop) {
			return d.out, stop.Err
		}
		if err != nil {
			return d.out, decode.At(d.name, "line", line, err)
		}
	}
}

func (d *decoder) finish() (decode.Summary, error) {
	switch {
	case d.out.Records == 0:
		return d.out, decode.At(d.name, "line", 0, errors.New("file is empty, a report header (RH) was expected"))
	case !d.done:
		return d.out, decode.At(d.name, "line", 0, fmt.Errorf("%w: the file ends without a file footer (FF)", decode.ErrControlTotal))
	}
	return d.out, nil
}

// row reads one row. Only what spoils the whole file is an error.
func (d *decoder) row(row []string, line int64, broken bool) error {
	switch {
	case d.done:
		return errors.New("follows the file footer (FF)")
	case broken && d.section == nil:
		return rows.ErrBroken
	case broken:
		d.lose(line, rows.ErrBroken)
		return nil
	case !d.begun && row[0] != "RH":
		return errors.New("is not a report header (RH)")
	}
	if row[0] == "SB" {
		return d.body(row, line)
	}
	d.out.Admin++
	switch row[0] {
	case "RH":
		return d.reportHeader(row)
	case "FH":
		return d.fileHeader(row)
	case "SH":
		return d.sectionHeader(row)
	case "CH":
		return d.columns(row)
	case "SF":
		return d.sectionFooter(row)
	case "SC":
		return d.sectionCount(row)
	case "RF":
		return d.reportFooter(row)
	case "RC":
		return d.reportCount(row)
	case "FF":
		return d.fileFooter(row)
	default:
		return errors.New("begins with none of RH, FH, SH, CH, SB, SF, SC, RF, RC and FF")
	}
}

// field is a column of a row that is not about a transaction, by position; empty where the row is too short.
func field(row []string, i int) string {
	if i >= len(row) {
		return ""
	}
	return strings.TrimSpace(row[i])
}

func (d *decoder) reportHeader(row []string) (err error) {
	if d.begun {
		return errors.New("is a second report header (RH)")
	}
	d.begun = true
	if d.account, err = decode.Text(field(row, 3)); err != nil {
		return &decode.FieldError{Field: "Account ID", Err: err}
	}
	return nil
}

func (d *decoder) fileHeader(row []string) (err error) {
	if d.numbered {
		return errors.New("is a second file header (FH)")
	}
	d.numbered = true
	if d.fileNumber, err = number(field(row, 1)); err != nil || d.fileNumber == 0 {
		return &decode.FieldError{Field: "File Sequence Number", Err: errors.New("is not a number from 1 on")}
	}
	return nil
}

// sectionHeader begins the transactions of one account. The day the report is about is the one its period ends on, in the
// zone of the account.
func (d *decoder) sectionHeader(row []string) error {
	switch {
	case !d.numbered:
		return errors.New("is not preceded by a file header (FH)")
	case d.section != nil:
		return fmt.Errorf("%w: the section before ends without its number of rows (SC)", decode.ErrControlTotal)
	}
	ends, err := time.Parse(timeForm, field(row, 2))
	if err != nil {
		return &decode.FieldError{Field: "Reporting Period End Date", Err: errTime}
	}
	account, err := decode.Text(field(row, 3))
	if err != nil {
		return &decode.FieldError{Field: "Account ID", Err: err}
	}
	day := ends.Format(time.DateOnly)
	d.section = &section{
		account: account, day: day, batch: account + "/" + day, interned: d.interned, totals: totals{}, footed: map[string]bool{},
	}
	d.sections++
	d.out.Date(day)
	if d.out.FileID == "" {
		d.out.FileID = fmt.Sprintf("%s/%s/%02d", d.account, day, d.fileNumber)
	}
	return nil
}

func (d *decoder) columns(row []string) error {
	if d.section == nil {
		return errors.New("is not in a section (SH)")
	}
	return d.section.readColumns(row, d.names)
}

// lose rejects a row of which nothing can be read, so that the section's totals cannot be checked.
func (d *decoder) lose(line int64, err error) {
	d.section.rows++
	d.section.unread++
	d.out.Reject(line, err)
}

// body reads a transaction. One that is rejected still counts towards the totals where its amounts can be read.
func (d *decoder) body(row []string, line int64) error {
	if d.section == nil || d.section.header.Len() == 0 {
		return errors.New("is not preceded by the names of the columns (CH)")
	}
	moved, err := d.section.amounts(row)
	if err != nil {
		d.lose(line, err)
		return nil
	}
	d.section.rows++
	if err := d.section.totals.add(moved); err != nil {
		return err
	}
	l, err := d.line(row, line, moved)
	if err != nil {
		d.out.Reject(line, err)
		return nil
	}
	d.out.Lines++
	if err := d.yield(l); err != nil {
		return decode.StopError{Err: err}
	}
	return nil
}

const timeForm = "2006/01/02 15:04:05 -0700"

var errTime = errors.New("is not a time such as 2026/11/18 14:07:00 -0800")

// number reads a whole number without a sign.
func number(text string) (int64, error) {
	n, err := strconv.ParseUint(text, 10, 63)
	if errors.Is(err, strconv.ErrRange) {
		return 0, decode.ErrTooLarge
	}
	if err != nil || text[0] == '+' {
		return 0, errors.New("is not a whole number without a sign")
	}
	return int64(n), nil //nolint:gosec // of 63 bits
}
