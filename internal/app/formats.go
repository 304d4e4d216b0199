package app

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm"
)

// The formats of settlement files that need more than their name.
const (
	formatIPM  = "ipm"
	formatCSV  = "csv"
	formatAuto = "auto"
)

// format is a format of settlement files.
type format struct {
	name string
	what string                  // in words, with an article
	is   func(start []byte) bool // whether a file that begins so is of it; nil: only by name
	read decode.Func             // nil for csv, which is read by a profile
	keys string                  // what its lines carry that a payment may be found by, and where: reference=DE63
}

// formats are tried in this order. CSV is last: every other format of text begins with something that only it has.
func formats() []format {
	return []format{
		{formatIPM, "a Mastercard clearing file (IPM)", isIPM, ipm.Decode, "reference=DE63 rrn=DE37 auth_code=DE38"},
		{formatCSV, "CSV with a header row", isText, nil, ""},
	}
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// formatOf is the format that was asked for, or the one that the beginning of a file tells. A file that is plainly of another
// format than was asked for is refused.
func formatOf(asked string, start []byte) (string, error) {
	looks := ""
	for _, f := range formats() {
		if f.is != nil && f.is(start) {
			looks = f.name
			break
		}
	}
	switch {
	case asked == "" || asked == formatAuto:
		if looks == "" {
			return "", fmt.Errorf("is of no format that is known here: name it with --format (%s)", strings.Join(formatNames(), ", "))
		}
		return looks, nil
	case !slices.Contains(formatNames(), asked):
		return "", fmt.Errorf("--format %q is not one of %s", asked, strings.Join(formatNames(), ", "))
	case looks != "" && looks != asked && (looks == formatIPM || asked == formatIPM):
		return "", fmt.Errorf("looks like %s: use --format %s", describe(looks), looks)
	default:
		return asked, nil
	}
}

func describe(name string) string {
	i := slices.IndexFunc(formats(), func(f format) bool { return f.name == name })
	return formats()[i].what
}

// keysOf are the keys that lines of a format carry, as a mapping of columns would have them.
func keysOf(name string) map[string]string {
	keys := map[string]string{}
	for _, f := range formats() {
		for pair := range strings.FieldsSeq(f.keys) {
			if key, where, _ := strings.Cut(pair, "="); f.name == name {
				keys[key] = where
			}
		}
	}
	return keys
}

// readerOf is the reader of a format that needs no description.
func readerOf(name string) (decode.Func, error) {
	for _, f := range formats() {
		if f.name == name && f.read != nil {
			return f.read, nil
		}
	}
	return nil, fmt.Errorf("format %q is not one of %s", name, strings.Join(formatNames(), ", "))
}

// isIPM: a clearing file begins with the length of its first record, in four bytes of which the first is zero.
func isIPM(start []byte) bool { return len(start) >= 4 && start[0] == 0 }

// isText: no control characters but those of lines and tabs.
func isText(start []byte) bool {
	return !bytes.ContainsFunc(start, func(r rune) bool { return r < '\t' || r > '\r' && r < ' ' })
}
