package ipm

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"parallax/internal/money"
	"parallax/sources/settlement/decode"
)

// Decode reads a Mastercard IPM clearing file, in ASCII or EBCDIC, 1014-blocked or not, and yields its settlement
// lines in file order. It is a decode.Func.
//
// The file must begin with a header (1644/697), end with a trailer (1644/695), and the trailer's totals must agree:
// PDS0301 is the unsigned sum of DE4 over all messages, PDS0306 their number with header and trailer.
func Decode(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
	blocked, err := detectBlocking(c)
	if err != nil {
		return decode.Summary{}, decode.At(name, "record", 0, err)
	}
	r, err := c()
	if err != nil {
		return decode.Summary{}, decode.At(name, "record", 0, err)
	}
	defer r.Close() //nolint:errcheck // read only
	d := decoder{name: name, feed: feed, records: newRecordReader(r, blocked), currencies: decode.NewCurrencies(), yield: yield}
	d.dated(decode.DateInName(name))
	return d.decode()
}

type decoder struct {
	name, feed   string
	records      *recordReader
	currencies   decode.Currencies
	yield        decode.Yield
	msg          message
	sum          int64 // of DE4, unsigned
	businessDate string
	out          decode.Summary
}

func (d *decoder) decode() (decode.Summary, error) {
	done := false
	for {
		rec, err := d.records.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && done {
			err = errors.New("follows the trailer")
		}
		if err == nil {
			done, err = d.message(rec)
		}
		if stop := (decode.StopError{}); errors.As(err, &stop) {
			return d.out, stop.Err
		}
		if err != nil {
			return d.out, decode.At(d.name, "record", d.out.Records+1, err)
		}
		d.out.Records++
	}
	switch {
	case d.out.Records == 0:
		return d.out, decode.At(d.name, "record", 0, errors.New("file holds no record"))
	case !done:
		return d.out, decode.At(d.name, "record", d.out.Records, fmt.Errorf("%w: the file ends here without a trailer (1644/695)", decode.ErrControlTotal))
	}
	return d.out, nil
}

// message reads one record; done reports that it was the trailer.
func (d *decoder) message(rec []byte) (done bool, err error) {
	first := d.out.Records == 0
	if first {
		if d.msg.charset, err = detectCharset(rec); err != nil {
			return false, &decode.FieldError{Field: "MTI", Err: err}
		}
	}
	if err := d.msg.parse(d.msg.charset, rec); err != nil {
		return false, err
	}
	kind := d.msg.mti + "/" + d.msg.function
	if first != (kind == "1644/697") {
		if first {
			return false, errors.New("is not a file header (1644/697)")
		}
		return false, errors.New("is a second file header (1644/697)")
	}
	if err := d.addToSum(); err != nil {
		return false, err
	}
	switch {
	case first:
		return false, d.header()
	case kind == "1644/695":
		return true, d.trailer()
	case d.msg.mti == "1644":
		d.out.Admin++
		return false, nil
	}
	line, err := d.line(kind)
	if err != nil {
		return false, err
	}
	d.out.Lines++
	if err := d.yield(line); err != nil {
		return false, decode.StopError{Err: err}
	}
	return false, nil
}

func (d *decoder) addToSum() error {
	raw := d.msg.element[4]
	if raw == nil {
		return nil
	}
	n, err := d.msg.charset.number(raw)
	if err == nil {
		d.sum, err = decode.Add(d.sum, n)
	}
	if err != nil {
		return &decode.FieldError{Field: "DE4", Err: err}
	}
	return nil
}

// header reads PDS0105, the file's id: type (3), reference date YYMMDD, processor (11), sequence (5).
func (d *decoder) header() error {
	raw, ok := d.msg.pds[105]
	if !ok {
		return &decode.FieldError{Field: "PDS0105", Err: errors.New("is missing")}
	}
	var err error
	if d.out.FileID, err = d.msg.charset.text(raw); err != nil || d.out.FileID == "" {
		return &decode.FieldError{Field: "PDS0105", Err: errors.New("is no file id")}
	}
	if len(d.out.FileID) == 25 {
		if day, err := time.Parse("060102", d.out.FileID[3:9]); err == nil {
			d.dated(day.Format(time.DateOnly))
		}
	}
	return nil
}

func (d *decoder) dated(businessDate string) {
	if d.businessDate = businessDate; businessDate != "" {
		d.out.BusinessDates = []string{businessDate}
	}
}

// trailer holds the stated totals against the computed ones.
func (d *decoder) trailer() error {
	if raw, ok := d.msg.pds[105]; ok {
		if id, err := d.msg.charset.text(raw); err != nil || id != d.out.FileID {
			return &decode.FieldError{Field: "PDS0105", Err: fmt.Errorf("%w: the trailer's file id is not the header's", decode.ErrControlTotal)}
		}
	}
	computed := d.out.Records + 1
	d.out.Totals = map[string]string{
		"computed messages": strconv.FormatInt(computed, 10), "computed sum of DE4": strconv.FormatInt(d.sum, 10),
	}
	messages, err := d.total(306)
	if err != nil {
		return err
	}
	sum, err := d.total(301)
	if err != nil {
		return err
	}
	d.out.Totals["stated messages"] = strconv.FormatInt(messages, 10)
	d.out.Totals["stated sum of DE4"] = strconv.FormatInt(sum, 10)
	if messages != computed {
		return &decode.FieldError{Field: "PDS0306", Err: fmt.Errorf("%w: %d messages stated, %d read", decode.ErrControlTotal, messages, computed)}
	}
	if sum != d.sum {
		return &decode.FieldError{Field: "PDS0301", Err: fmt.Errorf("%w: sum of DE4 stated as %d, read as %d", decode.ErrControlTotal, sum, d.sum)}
	}
	return nil
}

func (d *decoder) total(tag int) (int64, error) {
	name := fmt.Sprintf("PDS%04d", tag)
	raw, ok := d.msg.pds[tag]
	if !ok {
		return 0, &decode.FieldError{Field: name, Err: fmt.Errorf("%w: is missing", decode.ErrControlTotal)}
	}
	n, err := d.msg.charset.number(raw)
	if err != nil {
		return 0, &decode.FieldError{Field: name, Err: fmt.Errorf("%w: %w", decode.ErrControlTotal, err)}
	}
	return n, nil
}

// amount reads an amount element and its currency element.
func (d *decoder) amount(amountDE, currencyDE int) (money.Amount, error) {
	raw := d.msg.element[amountDE]
	if raw == nil {
		return money.Amount{}, &decode.FieldError{Field: "DE" + strconv.Itoa(amountDE), Err: errors.New("is missing")}
	}
	minor, err := d.msg.charset.number(raw)
	if err != nil {
		return money.Amount{}, &decode.FieldError{Field: "DE" + strconv.Itoa(amountDE), Err: err}
	}
	numeric, err := d.msg.text(currencyDE)
	if err != nil {
		return money.Amount{}, err
	}
	letters, err := d.currencies.Letters(numeric)
	if err != nil {
		return money.Amount{}, &decode.FieldError{Field: "DE" + strconv.Itoa(currencyDE), Err: err}
	}
	return money.Amount{Minor: minor, Currency: letters}, nil
}
