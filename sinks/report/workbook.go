package report

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"github.com/xuri/excelize/v2"

	"parallax/internal/audit"
)

// maxSheetRows is what a sheet holds. Source: Excel specifications and limits.
const maxSheetRows = 1_048_576

// workbook writes sheets row by row. Text is always a text cell, never a formula, so that neither a reference becomes
// 1.23E+22 nor a name that begins with = is computed.
type workbook struct {
	file   *excelize.File
	styles map[string]int
	most   int // rows of a sheet
}

// rowSeq gives the rows of a sheet below its first, the same ones as often as it is run.
type rowSeq = iter.Seq2[[]any, error]

// column is a title and a width, in characters.
type column struct {
	title string
	width float64
}

func newWorkbook() *workbook {
	return &workbook{file: excelize.NewFile(), styles: map[string]int{}, most: maxSheetRows}
}

// list makes a sheet of a bold header that stays in sight, a filter on every column, and the rows.
func (b *workbook) list(name string, columns []column, rows rowSeq) error {
	titles, widths := make([]string, len(columns)), make([]float64, len(columns))
	for i, c := range columns {
		titles[i], widths[i] = c.title, c.width
	}
	head, err := b.header(titles...)
	if err != nil {
		return err
	}
	return b.sheet(name, widths, head, true, rows)
}

// sheet makes a sheet. Its rows are counted first, for the size of a sheet stands before them in the file.
func (b *workbook) sheet(name string, widths []float64, head []any, filter bool, rows rowSeq) error {
	count := 1
	for _, err := range rows {
		if err != nil {
			return err
		}
		count++
	}
	kept := min(count, b.most)
	s, err := b.begin(name, len(widths), kept, filter)
	if err != nil {
		return err
	}
	for i, w := range widths {
		if err := s.stream.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	if err := s.row(head); err != nil {
		return err
	}
	for cells, err := range rows {
		if err != nil {
			return err
		}
		if count > b.most && s.rows == b.most-1 {
			cells = []any{fmt.Sprintf("the sheet is full: %d more rows are left out", count-s.rows)}
		}
		if err := s.row(cells); err != nil {
			return err
		}
		if s.rows == kept {
			break
		}
	}
	return s.stream.Flush()
}

// begin adds a sheet of so many columns and rows and freezes its first row.
func (b *workbook) begin(name string, columns, rows int, filter bool) (*sheet, error) {
	if sheets := b.file.GetSheetList(); len(sheets) == 1 && sheets[0] == "Sheet1" {
		if err := b.file.SetSheetName("Sheet1", name); err != nil {
			return nil, err
		}
	} else if _, err := b.file.NewSheet(name); err != nil {
		return nil, err
	}
	size, err := area(columns, rows)
	if err != nil {
		return nil, err
	}
	if err := b.file.SetSheetDimension(name, size); err != nil {
		return nil, err
	}
	stream, err := b.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	if filter {
		// The stream has written the sheet's properties by now, so that no filter is said to be at work already, and
		// writes the filter itself when it ends.
		if size, err = area(columns, max(rows, 2)); err != nil {
			return nil, err
		}
		if err := b.file.AutoFilter(name, size, nil); err != nil {
			return nil, err
		}
	}
	return &sheet{stream: stream}, stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// area is the range of so many columns and rows from the first cell on.
func area(columns, rows int) (string, error) {
	last, err := excelize.CoordinatesToCellName(columns, rows)
	return "A1:" + last, err
}

// header are bold cells.
func (b *workbook) header(titles ...string) ([]any, error) {
	bold, err := b.style("header", &excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8ECF0"}},
	})
	cells := make([]any, len(titles))
	for i, t := range titles {
		cells[i] = excelize.Cell{StyleID: bold, Value: t}
	}
	return cells, err
}

// title is one cell in large letters.
func (b *workbook) title(text string) ([]any, error) {
	large, err := b.style("title", &excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	return []any{excelize.Cell{StyleID: large, Value: cellText(text)}}, err
}

// style makes each style once.
func (b *workbook) style(name string, style *excelize.Style) (int, error) {
	if id, made := b.styles[name]; made {
		return id, nil
	}
	id, err := b.file.NewStyle(style)
	if err == nil {
		b.styles[name] = id
	}
	return id, err
}

// money is a number cell with the currency's decimals. A sum of more digits than a spreadsheet keeps is a text cell.
func (b *workbook) money(m audit.Money) (any, error) {
	digits, known := currency.GetDigits(m.Currency)
	if !known || m.Minor >= 1e15 || m.Minor <= -1e15 {
		return decimalOf(m), nil
	}
	format := "#,##0"
	if digits > 0 {
		format += "." + strings.Repeat("0", int(digits))
	}
	id, err := b.style(format, &excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return nil, err
	}
	// Fifteen digits survive the way through a spreadsheet's binary number unchanged.
	value, err := strconv.ParseFloat(strings.ReplaceAll(decimalOf(m), ",", ""), 64)
	return excelize.Cell{StyleID: id, Value: value}, err
}

// moment is a date cell in UTC; empty for no time, and a text cell for one that a spreadsheet has no date for.
func (b *workbook) moment(t time.Time) (any, error) {
	t = t.UTC()
	switch {
	case t.IsZero():
		return nil, nil
	case t.Year() <= 1900 || t.Year() > 9999:
		return rfc(t), nil
	}
	format := "yyyy-mm-dd hh:mm:ss"
	id, err := b.style(format, &excelize.Style{CustomNumFmt: &format})
	return excelize.Cell{StyleID: id, Value: t}, err
}

// write writes the workbook and gives up its temporary files.
func (b *workbook) write(w io.Writer) error {
	packed, err := b.file.WriteToBuffer()
	if err == nil {
		err = inNameOrder(w, packed.Bytes())
	}
	return errors.Join(err, b.file.Close())
}

// inNameOrder copies an archive with its parts in the order of their names: the library writes its streams in the order of
// a map, which would make two workbooks of one tie-out differ.
func inNameOrder(w io.Writer, archive []byte) error {
	in, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return err
	}
	slices.SortFunc(in.File, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	out := zip.NewWriter(w)
	for _, part := range in.File {
		if err := out.Copy(part); err != nil {
			return err
		}
	}
	return out.Close()
}

type sheet struct {
	stream *excelize.StreamWriter
	rows   int
}

// row adds a row; strings are shown as they are, control characters spelled out.
func (s *sheet) row(cells []any) error {
	s.rows++
	for i, c := range cells {
		if text, ok := c.(string); ok {
			cells[i] = cellText(text)
		}
	}
	return s.stream.SetRow("A"+strconv.Itoa(s.rows), cells)
}

// cellText keeps a text within what a cell holds; no text is an empty cell. Source: Excel specifications and limits, 32,767
// characters.
func cellText(text string) any {
	const most = 32_000
	text = visible(text)
	switch {
	case text == "":
		return nil
	case len(text) <= most:
		return text
	default:
		return strings.ToValidUTF8(text[:most], "") + " (cut)"
	}
}
