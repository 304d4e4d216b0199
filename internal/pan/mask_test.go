package pan

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
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
		"4111  1111 1111 " + "1111":        "411111******1111",
		visa[:15] + "2":                    visa[:15] + "2",       // the check digit does not agree
		"1" + visa:                         "1" + visa,            // 17 digits that begin with 1
		visa + visa:                        visa + visa,           // 32 digits
		"7" + visa + "999999":              "7" + visa + "999999", // an acquirer reference has 23 digits
		"1700000000000":                    "1700000000000",       // milliseconds since 1970
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

func TestMaskSeesThroughHowANumberIsWritten(t *testing.T) {
	first, rest := "411111", "1111111111"
	visa, amex := first+rest, "378282"+"246310005"
	grouped := func(separator string) string {
		return strings.Join([]string{visa[:4], visa[4:8], visa[8:12], visa[12:]}, separator)
	}
	wide := strings.Map(func(r rune) rune { return r - '0' + '\uff10' }, visa)
	arabic := strings.Map(func(r rune) rune { return r - '0' + '\u0660' }, visa)
	base := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	const hid = "411111******1111"
	for in, want := range map[string]string{
		wide: hid, arabic: hid, "nr " + wide + "!": "nr " + hid + "!",
		visa + "2712": hid, visa + "1227": hid, amex + "2712": "378282******0005",
		visa + "9912": visa + "9912", // no expiry date
		"0000" + visa: hid, "000" + visa: hid,
		"00000" + visa:                    "00000" + visa, // 21 digits may be a sequence number
		"ref=%20" + visa:                  "ref=%20" + hid,
		"%E2%80%93" + visa + "%20":        "%E2%80%93" + hid + "%20",
		base(visa):                        hid,
		"b:" + base("card "+visa+" of x"): "b:card " + hid + " of x",
		base(`{"a":"` + visa + `"}`):      `{"a":"` + hid + `"}`,
		"k/" + base(visa):                 "k/" + hid,
		base("\x00\x01" + visa + "\xff"):  "??" + hid + "?",
		base("order-17, 2026-11-18"):      base("order-17, 2026-11-18"),
		visa[:6] + "." + visa[6:]:         visa[:6] + "." + visa[6:], // an amount with decimals may look like this
		"3782.822463." + "10005":          "378282******0005",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	for _, s := range []string{".", "_", "/", ",", ":", "|", "\n", "\r\n", "  ", " - ", "\u00a0", "\u2013", "\u200b", "%2F", "%20", "%E2%80%93", `\n`, `\/`, "\t"} {
		if got := Mask("<" + grouped(s) + ">"); got != "<"+hid+">" {
			t.Errorf("parted by %q: %q", s, got)
		}
	}
}

// What evidence refers to must stay as it is: sequence numbers have 21 to 40 digits (DynamoDB API reference, Streams
// "StreamRecord"), shards the milliseconds since 1970 after zeros (of 13 digits that begin with 1 until 2033).
func TestMaskLeavesReferencesAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	number := func(n int) string {
		b := []byte{'1' + byte(rng.IntN(9))}
		for len(b) < n {
			b = append(b, '0'+byte(rng.IntN(10)))
		}
		return string(b)
	}
	for range 5000 {
		seq := number(21 + rng.IntN(20))
		shard := fmt.Sprintf("shardId-%020d-%08x", 1_700_000_000_000+rng.Int64N(5e11), 0xa0000000|rng.Uint32N(1<<28))
		for _, ref := range []string{
			seq, "eu-west-1/" + shard + "/" + seq, "keys/eu-west-1/" + shard + "/" + seq + "-" + number(len(seq)) + ".parquet",
			fmt.Sprintf("%021d", rng.Int64N(1e18)), "kinesis-shardId-000000000001:49" + number(54),
			hex.EncodeToString([]byte(number(16)))[:20] + "zz", "2026-11-18T14:07:00.123456Z",
		} {
			if got := Mask(ref); got != ref {
				t.Fatalf("%q became %q", ref, got)
			}
		}
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
	f.Add("NDExMTExMTExMTEx" + "MTExMQ== 0000 %20 ４１１")
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
