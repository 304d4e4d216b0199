package ledgerfile

import (
	"bytes"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// TestAmountsOfOtherCountries: what may be meant in two ways is refused, never guessed.
func TestAmountsOfOtherCountries(t *testing.T) {
	for amounts, want := range map[string]string{
		"12,50;3,00": "1250 300", "1.250,00;3": "125000 300", "12.50;1250.00": "1250 125000", "1.200;1,20": "120000 120", "-1.200,5;0,00": "-120050 0",
		"12.50;3,00": "", "1.200;12.50": "", "1,200;3": "", "1.20,5;3": "", "1,200.00;12.50": "", "1,2,3;4": "",
	} {
		rows := []string{"payment_id;amount;currency"}
		for a := range strings.SplitSeq(amounts, ";") {
			rows = append(rows, "p;"+a+";EUR")
		}
		ledger, err := decode(strings.Join(rows, "\n")+"\n", Options{})
		got := []string{}
		for _, e := range ledger.Entries {
			got = append(got, strings.TrimPrefix(strings.Fields(e.Amount.Format(0))[1], ""))
		}
		if text := strings.ReplaceAll(strings.Join(got, " "), ",", ""); want == "" && err == nil || want != "" && (err != nil || text != want) {
			t.Errorf("%s gave %q, %v; want %q", amounts, text, err, want)
		}
	}
}

func TestWhatIsNoLedgerIsRefusedInTime(t *testing.T) {
	quote := "payment_id,amount,currency\np,1,EUR\n\"" + strings.Repeat("x", 12<<20)
	if _, err := decode(quote, Options{}); err == nil || !strings.Contains(err.Error(), "a row is longer than 10 MB") {
		t.Errorf("a quote left open gave %v", err)
	}
	if _, err := decode("payment_id,amount,currency\rp,1,EUR\r", Options{}); err == nil || !strings.Contains(err.Error(), "control character") {
		t.Errorf("line ends of another kind gave %v", err)
	}
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write([]byte("payment_id,amount,currency\n" + strings.Repeat("p,1,EUR\n", 4<<20))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeBytes(bomb.Bytes(), Options{}); err == nil || !strings.Contains(err.Error(), "times the size of the file") {
		t.Errorf("a bomb gave %v", err)
	}
	if _, err := Open("/dev/null", Options{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a device gave %v", err)
	}
}
