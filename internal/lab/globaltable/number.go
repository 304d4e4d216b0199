package globaltable

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// number is the JSON-like decimal that attribute values of type N hold.
var number = regexp.MustCompile(`^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$`)

// Limits of numbers (developer guide, "Naming rules and data types"): 38 significant digits, magnitude up to
// 9.99...E+125 and down to 1E-130.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// cleanNumber brings a number to the one form the table keeps: no plus sign, no exponent, no zeros that say nothing.
func cleanNumber(text string) (string, error) {
	parts := number.FindStringSubmatch(text)
	if parts == nil || parts[2]+parts[3] == "" {
		return "", fmt.Errorf("the value is not a number")
	}
	exponent, _ := strconv.Atoi(parts[4]) // empty means 0; the pattern allows nothing else
	exponent -= len(parts[3])
	digits := strings.TrimLeft(parts[2]+parts[3], "0")
	if digits == "" {
		return "0", nil
	}
	significant := strings.TrimRight(digits, "0")
	exponent += len(digits) - len(significant)
	magnitude := exponent + len(significant) - 1
	if len(significant) > maxDigits || magnitude > maxExponent || magnitude < minExponent {
		return "", fmt.Errorf("the number is out of range: %d digits, magnitude %d", len(significant), magnitude)
	}
	sign := ""
	if parts[1] == "-" {
		sign = "-"
	}
	return sign + plain(significant, exponent), nil
}

// plain writes digits times ten to the power of exponent without exponent.
func plain(digits string, exponent int) string {
	if exponent >= 0 {
		return digits + strings.Repeat("0", exponent)
	}
	point := len(digits) + exponent
	if point > 0 {
		return digits[:point] + "." + digits[point:]
	}
	return "0." + strings.Repeat("0", -point) + digits
}
