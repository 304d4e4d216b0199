package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Format is how results are written to standard output.
type Format string

// The formats of --output.
const (
	Table  Format = "table"
	JSON   Format = "json"
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
	HTML   Format = "html"
	XLSX   Format = "xlsx"
	Print  Format = "print" // the first page of a dossier, as HTML
)

// ParseFormat accepts the names in allowed.
func ParseFormat(name string, allowed ...Format) (Format, error) {
	names := make([]string, len(allowed))
	for i, f := range allowed {
		if Format(name) == f {
			return f, nil
		}
		names[i] = string(f)
	}
	return "", fmt.Errorf("output %q is not one of %s", name, strings.Join(names, ", "))
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// writeLines writes one JSON document per line.
func writeLines[T any](w io.Writer, rows []T) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		if err := enc.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// writeCSV writes rows whose text cannot be taken for a formula by a spreadsheet: a leading =, +, -, @, tab or
// carriage return of a text cell is preceded by an apostrophe (OWASP, "CSV Injection"). Control characters are spelled out, for
// CSV is looked at on terminals too.
func writeCSV(w io.Writer, header []string, rows [][]string) error {
	out := csv.NewWriter(w)
	if err := out.Write(header); err != nil {
		return err
	}
	for _, row := range rows {
		safe := make([]string, len(row))
		for i, cell := range row {
			safe[i] = visible(guard(cell))
		}
		if err := out.Write(safe); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func guard(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) || isNumber(cell) {
		return cell
	}
	return "'" + cell
}

// isNumber reports whether a cell is a plain signed integer, which is no formula.
func isNumber(cell string) bool {
	digits := strings.TrimPrefix(cell, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// columns writes aligned columns with two spaces between them; control characters inside a cell are spelled out.
func columns(w io.Writer, rows [][]string) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = visible(cell)
		}
		if _, err := fmt.Fprintln(tab, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return tab.Flush()
}
