package app

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parallax/internal/audit"
	"parallax/internal/pan"
	"parallax/internal/pipeline"
	"parallax/internal/record"
	"parallax/sources/settlement"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/unwrap"
)

// settlementFile is a settlement file that is about to be read.
type settlementFile struct {
	source  *settlement.Source
	format  string
	asked   bool              // the format was given, not told by the content
	columns map[string]string // field to column, where the format has columns to choose
	keys    map[string]string // what a payment may be found by, and where it stands
	err     error             // why it could not be read; see check
}

// matchFile settles what a file is and how it is read; a CSV file's profile is guessed from its header, the columns that were
// given and the ledger's columns: what bears the same name as the ledger's payment id is one.
func matchFile(o MatchOptions, ledger map[string]string) (*settlementFile, error) {
	name := filepath.Base(o.Settlement)
	start, err := beginning(o.Settlement)
	if err != nil {
		return nil, err
	}
	f := &settlementFile{
		source: &settlement.Source{Feed: o.feed(), Ledger: "ledger", Place: delivery.Folder(literal(o.Settlement)), AsOf: o.AsOf, CheckOnly: true},
		asked:  asked(o.Format) != "",
	}
	if f.format, err = formatOf(o.Format, start); err == nil {
		err = f.layout(o, ledger)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(sharedKeys(ledger, f.keys)) == 0 {
		return nil, fmt.Errorf("nothing could be matched: %s has %s; %s has %s. Needed on both sides is a network reference, rrn with "+
			"authorisation code, or a payment id: name the columns with --ledger-columns network_reference=COLUMN and --settlement-columns reference=COLUMN or payment_id=COLUMN",
			filepath.Base(o.Ledger), columnList(ledger), name, columnList(f.keys))
	}
	return f, nil
}

// layout settles how the file is read, by its format and the columns that were given.
func (f *settlementFile) layout(o MatchOptions, ledger map[string]string) (err error) {
	f.keys = keysOf(f.format)
	switch {
	case f.format != formatCSV && len(o.SettlementColumns) == 0:
		f.source.Decode, err = readerOf(f.format)
		return err
	case !profiled(f.format):
		return fmt.Errorf("--settlement-columns is for files of columns: %s has a layout of its own", describe(f.format))
	}
	var profile csvfile.Profile
	if f.format == formatCSV {
		profile, err = fileProfile(o, ledger)
	} else {
		profile, err = shippedProfile(o, f.format)
	}
	if err != nil {
		return err
	}
	f.source.Decode, err = csvfile.New(profile)
	f.columns, f.keys = profile.Columns, profile.Columns
	return err
}

// check reads the file from its beginning to its end without using any line of it, and remembers why it cannot be read.
func (f *settlementFile) check(ctx context.Context) (audit.Coverage, error) {
	read := f.source.Decode
	defer func() { f.source.Decode = read }()
	f.source.Decode = func(c decode.Content, name, feed string, yield decode.Yield) (decode.Summary, error) {
		summary, err := read(c, name, feed, yield)
		f.err = err
		return summary, err
	}
	coverage, _, err := pipeline.Drain(ctx, f.source, audit.Coverage{Source: "settlement", Scope: "ledger", Window: allTime}, audit.Cursor{},
		func(record.Batch[record.SettlementLine]) error { return nil })
	coverage.Records = settledLines(coverage)
	for i := range coverage.Gaps {
		coverage.Gaps[i].Remedy = f.remedy(coverage.Gaps[i].Remedy)
	}
	return coverage, err
}

// settledLines counts the lines of the files that were checked.
func settledLines(c audit.Coverage) int64 {
	var n int64
	for _, e := range c.Extents {
		n += e.Records
	}
	return n
}

// sharedKeys are the keys of both sides that a payment can be found by, each with its columns.
func sharedKeys(ledger, file map[string]string) []string {
	var keys []string
	add := func(ours, theirs string) {
		if ledger[ours] != "" && file[theirs] != "" {
			keys = append(keys, fmt.Sprintf("%s (%s) with %s (%s)", ours, shown(ledger[ours]), theirs, shown(file[theirs])))
		}
	}
	add("network_reference", "reference")
	if ledger["auth_code"] != "" && file["auth_code"] != "" {
		add("rrn", "rrn")
	}
	add("payment_id", "payment_id")
	return keys
}

// shippedProfile is a shipped profile with the columns that were given.
func shippedProfile(o MatchOptions, name string) (csvfile.Profile, error) {
	header, _, _, err := readHeader(o.Settlement)
	if err != nil {
		return csvfile.Profile{}, err
	}
	given, err := givenColumns(o.SettlementColumns, header)
	if err != nil {
		return csvfile.Profile{}, err
	}
	profile := csvfile.Shipped()[name].With(csvfile.Profile{Columns: given})
	return profile, profile.Validate()
}

// fileProfile is how a CSV file is laid out: guessed from its header, and as it was given.
func fileProfile(o MatchOptions, ledger map[string]string) (csvfile.Profile, error) {
	header, some, delimiter, err := readHeader(o.Settlement)
	if err != nil {
		return csvfile.Profile{}, err
	}
	profile, _ := csvfile.GuessProfile(header) // what it did not find may be given
	profile.Delimiter = delimiter
	if column := ledger["payment_id"]; slices.Contains(header, column) {
		profile.Columns["payment_id"] = column
	}
	given, err := givenColumns(o.SettlementColumns, header)
	if err != nil {
		return profile, err
	}
	maps.Copy(profile.Columns, given)
	if decimalCommas(some, slices.Index(header, profile.Columns["amount"])) && delimiter != "," {
		profile.Decimal, profile.Thousands = ",", "."
	}
	if err := profile.Validate(); err != nil {
		return profile, fmt.Errorf("%w: name the columns with --settlement-columns FIELD=COLUMN%s", err, listed(header))
	}
	return profile, nil
}

// decimalCommas reports whether amounts are written as 1.234,56: whether any of some rows has a comma in its amount.
func decimalCommas(rows [][]string, column int) bool {
	return column >= 0 && slices.ContainsFunc(rows, func(row []string) bool { return column < len(row) && strings.Contains(row[column], ",") })
}

// givenColumns holds the columns that were given against the header.
func givenColumns(given map[string]string, header []string) (map[string]string, error) {
	for _, field := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(header, given[field]) {
			return nil, fmt.Errorf("line 1: --settlement-columns: column %q for %s is not in the header%s", pan.Mask(given[field]), field, listed(header))
		}
	}
	return given, nil
}

// listed shows the columns of a header, unless they are no text, or one of them looks like a card number: in a file without a
// header it is the first record.
func listed(header []string) string {
	for _, column := range header {
		if !isShowable(column) {
			return "; the header is not text"
		}
	}
	for _, column := range header {
		if pan.Mask(column) != column {
			return ""
		}
	}
	return "; the columns are " + strings.Join(header, ", ")
}

// isShowable reports whether a text can be shown as it is.
func isShowable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// shown is the name of a column as it can be shown.
func shown(column string) string {
	if !isShowable(column) {
		return "(not text)"
	}
	return pan.Mask(column)
}

// startSize is how much of a file is looked at to tell its format.
const startSize = 16 << 10

// beginning is the first bytes of a file.
func beginning(path string) ([]byte, error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, fmt.Errorf("settlement file: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	start := make([]byte, startSize)
	n, err := io.ReadFull(f, start)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("settlement file: %w", err)
	}
	return start[:n], nil
}

// openPlain opens a file without its compression.
func openPlain(path string) (io.ReadCloser, error) {
	return unwrap.New(nil, unwrap.Limits{}).Content(func() (io.ReadCloser, error) {
		return os.Open(path) //nolint:gosec // the user names the file
	})()
}

// literal keeps a file name from being taken for a pattern.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// someRows is how many rows are looked at to tell how amounts are written.
const someRows = 1000

// readHeader reads the header row of a text of columns and some rows behind it, and tells what parts them.
func readHeader(path string) (header []string, some [][]string, delimiter string, err error) {
	f, err := openPlain(path)
	if err != nil {
		return nil, nil, "", err
	}
	defer f.Close() //nolint:errcheck // only read
	text := bufio.NewReaderSize(io.LimitReader(f, 1<<20), 1<<20)
	start, err := text.Peek(1 << 20)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, "", err
	}
	first, _, _ := strings.Cut(string(start), "\n")
	delimiter = csvfile.GuessDelimiter(first)
	rows := csv.NewReader(text)
	rows.Comma, rows.FieldsPerRecord = rune(delimiter[0]), -1
	header, err = rows.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, "", errors.New("line 1: file is empty, a header row was expected")
	case err != nil:
		return nil, nil, "", fmt.Errorf("line 1: read header: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	for len(some) < someRows {
		row, err := rows.Read()
		if err != nil {
			break // what is wrong with it is told when the file is read
		}
		some = append(some, row)
	}
	return header, some, delimiter, nil
}

func columnList(columns map[string]string) string {
	parts := make([]string, 0, len(columns))
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		parts = append(parts, field+"="+shown(columns[field]))
	}
	return strings.Join(parts, ",")
}
