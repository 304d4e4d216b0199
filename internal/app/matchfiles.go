package app

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"parallax/internal/pan"
	"parallax/sources/settlement"
	"parallax/sources/settlement/csvfile"
	"parallax/sources/settlement/delivery"
	"parallax/sources/settlement/unwrap"
)

// settlementFile is a settlement file that is about to be read.
type settlementFile struct {
	source  *settlement.Source
	format  string
	columns map[string]string // field to column, where the format has columns to choose
}

// matchFile settles what a file is and how it is read; a CSV file's profile is guessed from its header, the columns that were
// given and the ledger's columns: what bears the same name as the ledger's payment id is one.
func matchFile(o MatchOptions, ledger map[string]string) (settlementFile, error) {
	name := filepath.Base(o.Settlement)
	start, err := beginning(o.Settlement)
	if err != nil {
		return settlementFile{}, err
	}
	f := settlementFile{source: &settlement.Source{Feed: o.feed(), Ledger: "ledger", Place: delivery.Folder(literal(o.Settlement)), AsOf: o.AsOf, CheckOnly: true}}
	if f.format, err = formatOf(o.Format, start); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	keys := keysOf(f.format)
	if f.format == formatCSV {
		profile, err := fileProfile(o, ledger)
		if err != nil {
			return f, fmt.Errorf("%s: %w", name, err)
		}
		if f.source.Decode, err = csvfile.New(profile); err != nil {
			return f, err
		}
		f.columns, keys = profile.Columns, profile.Columns
	} else if f.source.Decode, err = readerOf(f.format); err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	if !shareKey(ledger, keys) {
		return f, fmt.Errorf("nothing could be matched: %s has %s; %s has %s. Needed on both sides is a network reference, rrn with "+
			"authorisation code, or a payment id: name the columns with --ledger-columns network_reference=COLUMN and --settlement-columns reference=COLUMN or payment_id=COLUMN",
			filepath.Base(o.Ledger), columnList(ledger), name, columnList(keys))
	}
	return f, nil
}

// shareKey reports whether the columns of both sides share a key that a payment can be found by.
func shareKey(ledger, file map[string]string) bool {
	switch {
	case file["payment_id"] != "":
		return true
	case ledger["network_reference"] != "" && file["reference"] != "":
		return true
	default:
		return ledger["rrn"] != "" && ledger["auth_code"] != "" && file["rrn"] != "" && file["auth_code"] != ""
	}
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

// listed shows the columns of a header, unless one of them looks like a card number: in a file without a header it is the
// first record.
func listed(header []string) string {
	for _, column := range header {
		if pan.Mask(column) != column {
			return ""
		}
	}
	return "; the columns are " + strings.Join(header, ", ")
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
		parts = append(parts, field+"="+pan.Mask(columns[field]))
	}
	return strings.Join(parts, ",")
}
