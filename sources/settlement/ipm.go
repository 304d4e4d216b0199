package settlement

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
)

// DecodeIPM reads a Mastercard IPM clearing file, in ASCII or EBCDIC, 1014-blocked or not, and yields its settlement
// lines in file order. name is the file's base name, for lines and errors; feed the configured feed.
//
// The file must begin with a header (1644/697), end with a trailer (1644/695), and the trailer's totals must agree:
// PDS0301 is the unsigned sum of DE4 over all messages, PDS0306 their number with header and trailer. Lines are yielded
// before the trailer has been seen, so a caller that must not use a line of a bad file reads it twice, as Source does.
// Errors are *DecodeError; wrong or missing totals are ErrControlTotal.
func DecodeIPM(r io.ReadSeeker, name, feed string, yield func(record.SettlementLine) error) (Summary, error) {
	blocked, err := detectBlocking(r)
	if err != nil {
		return Summary{}, at(name, "record", 0, err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Summary{}, at(name, "record", 0, err)
	}
	d := ipmDecoder{name: name, feed: feed, records: newRecordReader(r, blocked), currencies: newCurrencies(), yield: yield}
	d.dated(dateInName(name))
	return d.decode()
}

type ipmDecoder struct {
	name, feed   string
	records      *recordReader
	currencies   currencies
	yield        yieldLine
	msg          message
	sum          int64 // of DE4, unsigned
	businessDate string
	out          Summary
}

// stopError carries an error of the consumer through the decoder unchanged.
type stopError struct{ err error }

func (e stopError) Error() string { return e.err.Error() }

func (d *ipmDecoder) decode() (Summary, error) {
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
		if stop := (stopError{}); errors.As(err, &stop) {
			return d.out, stop.err
		}
		if err != nil {
			return d.out, at(d.name, "record", d.out.Records+1, err)
		}
		d.out.Records++
	}
	switch {
	case d.out.Records == 0:
		return d.out, at(d.name, "record", 0, errors.New("file holds no record"))
	case !done:
		return d.out, at(d.name, "record", d.out.Records, fmt.Errorf("%w: the file ends here without a trailer (1644/695)", ErrControlTotal))
	}
	return d.out, nil
}

// message reads one record; done reports that it was the trailer.
func (d *ipmDecoder) message(rec []byte) (done bool, err error) {
	first := d.out.Records == 0
	if first {
		if d.msg.charset, err = detectCharset(rec); err != nil {
			return false, &fieldError{"MTI", err}
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
		return false, stopError{err}
	}
	return false, nil
}

func (d *ipmDecoder) addToSum() error {
	raw := d.msg.element[4]
	if raw == nil {
		return nil
	}
	n, err := d.msg.charset.number(raw)
	if err == nil {
		d.sum, err = add(d.sum, n)
	}
	if err != nil {
		return &fieldError{"DE4", err}
	}
	return nil
}

// header reads PDS0105, the file's id: type (3), reference date YYMMDD, processor (11), sequence (5).
func (d *ipmDecoder) header() error {
	raw, ok := d.msg.pds[105]
	if !ok {
		return &fieldError{"PDS0105", errors.New("is missing")}
	}
	var err error
	if d.out.FileID, err = d.msg.charset.text(raw); err != nil || d.out.FileID == "" {
		return &fieldError{"PDS0105", errors.New("is no file id")}
	}
	if len(d.out.FileID) == 25 {
		if day, err := time.Parse("060102", d.out.FileID[3:9]); err == nil {
			d.dated(day.Format(time.DateOnly))
		}
	}
	return nil
}

func (d *ipmDecoder) dated(businessDate string) {
	if d.businessDate = businessDate; businessDate != "" {
		d.out.BusinessDates = []string{businessDate}
	}
}

// trailer holds the stated totals against the computed ones.
func (d *ipmDecoder) trailer() error {
	if raw, ok := d.msg.pds[105]; ok {
		if id, err := d.msg.charset.text(raw); err != nil || id != d.out.FileID {
			return &fieldError{"PDS0105", fmt.Errorf("%w: the trailer's file id is not the header's", ErrControlTotal)}
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
		return &fieldError{"PDS0306", fmt.Errorf("%w: %d messages stated, %d read", ErrControlTotal, messages, computed)}
	}
	if sum != d.sum {
		return &fieldError{"PDS0301", fmt.Errorf("%w: sum of DE4 stated as %d, read as %d", ErrControlTotal, sum, d.sum)}
	}
	return nil
}

func (d *ipmDecoder) total(tag int) (int64, error) {
	name := fmt.Sprintf("PDS%04d", tag)
	raw, ok := d.msg.pds[tag]
	if !ok {
		return 0, &fieldError{name, fmt.Errorf("%w: is missing", ErrControlTotal)}
	}
	n, err := d.msg.charset.number(raw)
	if err != nil {
		return 0, &fieldError{name, fmt.Errorf("%w: %w", ErrControlTotal, err)}
	}
	return n, nil
}

// amount reads an amount element and its currency element.
func (d *ipmDecoder) amount(amountDE, currencyDE int) (money.Amount, error) {
	raw := d.msg.element[amountDE]
	if raw == nil {
		return money.Amount{}, &fieldError{"DE" + strconv.Itoa(amountDE), errors.New("is missing")}
	}
	minor, err := d.msg.charset.number(raw)
	if err != nil {
		return money.Amount{}, &fieldError{"DE" + strconv.Itoa(amountDE), err}
	}
	numeric, err := d.msg.text(currencyDE)
	if err != nil {
		return money.Amount{}, err
	}
	letters, err := d.currencies.letters(numeric)
	if err != nil {
		return money.Amount{}, &fieldError{"DE" + strconv.Itoa(currencyDE), err}
	}
	return money.Amount{Minor: minor, Currency: letters}, nil
}
