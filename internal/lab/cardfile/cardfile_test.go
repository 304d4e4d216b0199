package cardfile_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/lab/cardfile/cardfiletest"
)

var noon = time.Date(2026, time.November, 18, 12, 0, 0, 0, time.UTC)

func someLines(n int) []cardfile.Line {
	lines := make([]cardfile.Line, 0, n)
	for i := range n {
		lines = append(lines, cardfile.Line{
			Issuer: "555555", Reference: fmt.Sprintf("MCC%06d1118", i), RRN: fmt.Sprintf("632212%06d", i), Auth: "A1B2C3",
			ARN: fmt.Sprintf("79999996322%012d", i), Minor: int64(i) * 101, Currency: []string{"EUR", "GBP", "JPY"}[i%3],
			Fee: int64(i), At: noon.Add(time.Duration(i) * time.Second),
		})
	}
	return lines
}

func read(t *testing.T, data []byte, encoding cardfile.Encoding, blocked bool) []map[int]string {
	t.Helper()
	messages, err := cardfiletest.ReadIPM(data, encoding, blocked)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

func private(t *testing.T, text string, tag int) string {
	t.Helper()
	value, err := cardfiletest.Private(text, tag)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestIPMFootsInEveryForm(t *testing.T) {
	for _, encoding := range []cardfile.Encoding{cardfile.ASCII, cardfile.EBCDIC} {
		for _, blocked := range []bool{false, true} {
			for _, n := range []int{0, 1, 3, 400} {
				t.Run(fmt.Sprintf("ebcdic=%t blocked=%t lines=%d", encoding, blocked, n), func(t *testing.T) {
					lines := someLines(n)
					var out bytes.Buffer
					id := cardfile.NewFileID(noon, 1)
					if err := (cardfile.IPM{FileID: id, Encoding: encoding, Blocked: blocked}).Write(&out, lines); err != nil {
						t.Fatal(err)
					}
					checkIPM(t, read(t, out.Bytes(), encoding, blocked), id, lines)
				})
			}
		}
	}
}

func checkIPM(t *testing.T, messages []map[int]string, id string, lines []cardfile.Line) {
	t.Helper()
	if len(messages) != len(lines)+2 {
		t.Fatalf("%d messages for %d lines", len(messages), len(lines))
	}
	header, trailer := messages[0], messages[len(messages)-1]
	if header[0] != "1644" || header[24] != "697" || private(t, header[48], 105) != id {
		t.Errorf("header %v", header)
	}
	var sum int64
	for i, m := range messages[1 : len(messages)-1] {
		minor, err := strconv.ParseInt(m[4], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += minor
		l := lines[i]
		if m[0] != "1240" || m[24] != "200" || minor != l.Minor || m[63] != l.Reference || m[37] != l.RRN || m[38] != l.Auth || m[31] != l.ARN {
			t.Errorf("message %d: %v for %+v", i+2, m, l)
		}
		if numeric := map[string]string{"EUR": "978", "GBP": "826", "JPY": "392"}[l.Currency]; m[49] != numeric {
			t.Errorf("currency %s written as %s", l.Currency, m[49])
		}
		if m[71] != fmt.Sprintf("%08d", i+2) || m[12] != l.At.Format("060102150405") {
			t.Errorf("message %d: number %s, time %s", i+2, m[71], m[12])
		}
		if card := m[2]; len(card) != 16 || !strings.HasPrefix(card, l.Issuer) || cardfile.CheckDigit(card[:15]) != card[15] {
			t.Errorf("message %d: the card number is none", i+2)
		}
	}
	if trailer[0] != "1644" || trailer[24] != "695" ||
		private(t, trailer[48], 301) != fmt.Sprintf("%016d", sum) || private(t, trailer[48], 306) != fmt.Sprintf("%08d", len(messages)) {
		t.Errorf("trailer %v for sum %d and %d messages", trailer, sum, len(messages))
	}
}

func TestIPMRefusesWhatItCannotWrite(t *testing.T) {
	good := someLines(1)[0]
	for name, spoil := range map[string]func(*cardfile.Line){
		"unknown currency": func(l *cardfile.Line) { l.Currency = "XXX" },
		"negative amount":  func(l *cardfile.Line) { l.Minor = -1 },
		"amount too long":  func(l *cardfile.Line) { l.Minor = 1_000_000_000_000 },
		"long reference":   func(l *cardfile.Line) { l.Reference = strings.Repeat("9", 1000) },
		"long auth code":   func(l *cardfile.Line) { l.Auth = "1234567" },
		"odd character":    func(l *cardfile.Line) { l.Auth = "12345é" },
	} {
		line := good
		spoil(&line)
		err := cardfile.IPM{FileID: cardfile.NewFileID(noon, 1), Encoding: cardfile.EBCDIC}.Write(&bytes.Buffer{}, []cardfile.Line{line})
		if err == nil || !strings.HasPrefix(err.Error(), "write ipm: message 2: ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := (cardfile.IPM{FileID: "1"}).Write(&bytes.Buffer{}, nil); err == nil {
		t.Error("a short file id was taken")
	}
}

func TestCSVFoots(t *testing.T) {
	lines := someLines(100)
	lines[4].Minor = 5 // GBP 0.05
	var out bytes.Buffer
	if err := cardfile.WriteCSV(&out, noon, lines); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(lines)+2 || rows[0][0] != "payment_reference" || rows[0][9] != "business_date" {
		t.Fatalf("%d rows, header %v", len(rows), rows[0])
	}
	var sum int64
	for i, row := range rows[1 : len(rows)-1] {
		sum += lines[i].Minor
		want := fmt.Sprintf("%d.%02d", lines[i].Minor/100, lines[i].Minor%100)
		if lines[i].Currency == "JPY" {
			want = strconv.FormatInt(lines[i].Minor, 10)
		}
		if row[4] != want || row[9] != "2026-11-18" || row[3] != "capture" || row[0] != lines[i].Reference {
			t.Errorf("row %d: %v for %+v", i+1, row, lines[i])
		}
		if card := row[7]; len(card) != 16 || card[6:12] != "******" {
			t.Errorf("row %d: card %q", i+1, card)
		}
	}
	trailer := rows[len(rows)-1]
	if trailer[0] != "TRAILER" || trailer[1] != "100" || trailer[4] != strconv.FormatInt(sum, 10) || trailer[2] != "" || trailer[9] != "" {
		t.Errorf("trailer %v for sum %d", trailer, sum)
	}
}

func TestCheckDigit(t *testing.T) {
	for digits, want := range map[string]byte{"7992739871": '3', "1": '8', "0": '0', "": '0'} {
		if got := cardfile.CheckDigit(digits); got != want {
			t.Errorf("check digit of %q is %c, not %c", digits, got, want)
		}
	}
}
