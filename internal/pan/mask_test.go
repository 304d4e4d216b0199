package pan

import (
	"strings"
	"testing"
)

func TestMask(t *testing.T) {
	visa, amex, series2, diners := "411111"+"1111111111", "378282"+"246310005", "222300"+"3122003222", "305693"+"09025904"
	long := "411111" + "1111111111" + "110" // 19 digits
	for in, want := range map[string]string{
		"":                                 "",
		"pay_0001":                         "pay_0001",
		visa:                               "411111******1111",
		amex:                               "378282******0005",
		series2:                            "222300******3222",
		diners:                             "305693******5904",
		visa + "," + amex:                  "411111******1111,378282******0005",
		"ref" + visa + "x":                 "ref411111******1111x",
		"4111 1111 1111 " + "1111":         "411111******1111",
		"4111-1111-1111-" + "1111":         "411111******1111",
		"3782 822463 " + "10005":           "378282******0005",
		"order 17 " + visa:                 "order 17 411111******1111",
		visa + " " + visa:                  "411111******1111 411111******1111",
		"4111  1111 1111 " + "1111":        "4111  1111 1111 " + "1111", // two spaces part two numbers
		visa[:15] + "2":                    visa[:15] + "2",             // the check digit does not agree
		"1" + visa:                         "1" + visa,                  // 17 digits that begin with 1
		visa + visa:                        visa + visa,                 // 32 digits
		"7" + visa + "999999":              "7" + visa + "999999",       // an acquirer reference has 23 digits
		"1700000000000":                    "1700000000000",             // milliseconds since 1970
		"2026-11-18 14:07:00":              "2026-11-18 14:07:00",
		"411111******1111":                 "411111******1111",
		"V" + "463220" + "000000000":       "V" + "463220" + "000000000", // a Visa transaction identifier
		strings.Repeat("0", 11) + "5 0000": strings.Repeat("0", 11) + "5 0000",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if luhn([]byte(long)) != (Mask(long) != long) {
		t.Errorf("19 digits became %q", Mask(long))
	}
}

func TestMasked(t *testing.T) {
	for text, want := range map[string]bool{
		"":                           false,
		"V0632":                      false,
		"411111******1111":           true,
		"ref 411111******1111!":      true,
		"******1111":                 false,
		"411111******":               false,
		"**********411111******1111": true,
	} {
		if got := Masked(text); got != want {
			t.Errorf("Masked(%q) = %v", text, got)
		}
	}
}

func FuzzMask(f *testing.F) {
	f.Add("4111-1111-1111-" + "1111 and more")
	f.Fuzz(func(t *testing.T, text string) {
		once := Mask(text)
		if again := Mask(once); again != once {
			t.Errorf("%q, masked again, is %q", once, again)
		}
		if once != text && !Masked(once) {
			t.Errorf("%q is not taken as masked", once)
		}
	})
}
