package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
)

var nsPerRecord = regexp.MustCompile(`(?m)^Benchmark(Scan|SDK)\S*\s.*?([0-9.]+) ns/record`)

// decoders measures our scanner of GetRecords answers beside the decoder of the AWS SDK, on the same page, by the benchmarks
// that lie beside the scanner.
func decoders(ctx context.Context, out io.Writer, s settings) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Scan|SDK)$", "-count", strconv.Itoa(s.runs), "./internal/ddbjson") //nolint:gosec // fixed words
	text, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("benchmarks of the decoders: %w\n%s", err, text)
	}
	figures := map[string][]float64{}
	for _, m := range nsPerRecord.FindAllStringSubmatch(string(text), -1) {
		ns, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return err
		}
		figures[m[1]] = append(figures[m[1]], ns)
	}
	if len(figures["Scan"]) == 0 || len(figures["SDK"]) == 0 {
		return fmt.Errorf("benchmarks of the decoders print no figures:\n%s", text)
	}
	ours, sdk := middle(figures["Scan"]), middle(figures["SDK"])
	fmt.Fprintf(out, "decode a record of GetRecords (median of %d)\n", s.runs)
	fmt.Fprintf(out, "%12s %8.0f ns\n%12s %8.0f ns\n%12s %8.1f times\n", "our scanner", ours, "AWS SDK", sdk, "ratio", sdk/ours)
	return nil
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}
