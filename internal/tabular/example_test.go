package tabular_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"parallax/internal/join"
	"parallax/internal/tabular"
)

// Two files are matched by a column, and compared by two others; Parquet files are matched in the same way.
func Example() {
	if err := match(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// B: duplicated, 2 and 0 rows
	//   false 1 [250 EUR]
	//   false 2 [250 EUR]
	// C: different, 1 and 1 rows
	//   false 3 [700 SEK]
	//   true 0 [701 SEK]
	// 1 matched
}

func match(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "tabular")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var sides [2]join.Side
	for i, content := range []string{"ref,amount,currency\nA,1.00,EUR\nB,2.50,EUR\nB,2.50,EUR\nC,7,SEK\n", "ref,amount,currency\nC,7.01,SEK\nA,1,EUR\n"} {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
		file, err := tabular.Open(path, tabular.Options{})
		if err != nil {
			return err
		}
		defer file.Close()
		value := []tabular.Field{tabular.Decimal("amount", 2), {Name: "currency"}}
		if sides[i], err = file.Side([]string{"ledger", "settlement"}[i], tabular.Fields("ref"), value); err != nil {
			return err
		}
	}
	result, err := join.Match(ctx, sides[0], sides[1], join.Config{Memory: 64 << 20})
	if err != nil {
		return err
	}
	defer result.Close()
	for b, err := range result.Breaks(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("%s: %s, %d and %d rows\n", b.Key, b.Kind, b.Left, b.Right)
		for m := range b.Members() {
			value, _ := join.UnpackValue(m.Value)
			fmt.Println(" ", m.Right, m.Row, value)
		}
	}
	fmt.Println(result.Tally.Matched, "matched")
	return nil
}
