package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"parallax/internal/lab/cardfile"
)

// writeIPM is the program writeipm FILE ascii|ebcdic plain|blocked M1=MINOR..., which writes a clearing file in EUR.
// Its card numbers are made up from a test range as it runs.
func writeIPM() {
	if err := writeIPMFile(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "writeipm:", err)
		os.Exit(1)
	}
}

func writeIPMFile(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: writeipm FILE ascii|ebcdic plain|blocked M1=MINOR ..., amounts in cents")
	}
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	file := cardfile.IPM{FileID: cardfile.NewFileID(day, 1), Encoding: cardfile.ASCII, Blocked: args[2] == "blocked"}
	if args[1] == "ebcdic" {
		file.Encoding = cardfile.EBCDIC
	}
	var lines []cardfile.Line
	for _, arg := range args[3:] {
		reference, text, _ := strings.Cut(arg, "=")
		minor, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("amount of %s: %w", reference, err)
		}
		number, err := strconv.Atoi(strings.TrimLeft(reference, "M"))
		if err != nil {
			return fmt.Errorf("reference %s is not M and a number: %w", reference, err)
		}
		lines = append(lines, cardfile.Line{
			Issuer: "555555", Reference: reference, RRN: fmt.Sprintf("%012d", number), Auth: fmt.Sprintf("A%05d", number),
			ARN: fmt.Sprintf("%023d", number), Minor: minor, Currency: "EUR", At: day.Add(14 * time.Hour),
		})
	}
	var out bytes.Buffer
	if err := file.Write(&out, lines); err != nil {
		return err
	}
	return os.WriteFile(args[0], out.Bytes(), 0o600)
}
