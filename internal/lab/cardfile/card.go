package cardfile

import (
	"hash/fnv"
	"strings"
)

// cardDigits is the length of the numbers made here.
const cardDigits = 16

// cardNumber makes up a card number: the digits an issuer's published test range begins with, then digits from the
// reference, then the check digit. The same reference gives the same number.
func cardNumber(issuer, reference string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(reference)) // never fails
	rest := h.Sum64()
	digits := []byte(issuer)
	for len(digits) < cardDigits-1 {
		digits = append(digits, '0'+byte(rest%10))
		rest /= 10
	}
	return string(append(digits, CheckDigit(string(digits))))
}

// CheckDigit is what makes a string of digits pass the Luhn test when it is put behind it.
// Source: ISO/IEC 7812-1, annex B.
func CheckDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return '0' + byte((10-sum%10)%10)
}

// masked keeps the first six and the last four digits.
func masked(card string) string {
	return card[:6] + strings.Repeat("*", len(card)-10) + card[len(card)-4:]
}
