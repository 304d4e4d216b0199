package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"parallax/internal/app"
)

// minMemory is how many MiB a match cannot do without.
const minMemory = 32

// matchCommand ties two files out against one another.
func (c *cli) matchCommand() *cobra.Command {
	var o app.MatchOptions
	cmd := &cobra.Command{
		Use:   "match --ledger FILE --settlement FILE",
		Short: "Tie a ledger file out against a settlement file; no store, no server",
		Long: `Hold a ledger against a settlement file and name every payment and every line for which they disagree, with the money at stake.
Nothing is stored, and nothing has to be set up.

The format of the settlement file is told by its content: ` + strings.Join(app.MatchFormats(), ", ") + `.
Only visa-base2-unverified is not: name it with --format. Columns are found by their usual names; what was found is shown first,
and --ledger-columns and --settlement-columns change it.
Either file may be compressed with gzip or zstd.

  parallax match --ledger ledger.csv --settlement mastercard.ipm
  parallax match --ledger ledger.csv --settlement acquirer.csv --settlement-columns reference=psp_ref --out breaks.xlsx`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asOf, err := c.moment()
			if err != nil {
				return err
			}
			o.AsOf, o.Output, o.Progress = asOf, c.output, c.progress()
			if o.MemoryMiB < minMemory {
				return fmt.Errorf("--memory %d is too little: at least %d MiB are needed", o.MemoryMiB, minMemory)
			}
			if o.Out != "" && !cmd.Flags().Changed("output") {
				o.Output = "" // as the name of the file has it
			}
			verdict, err := app.Match(cmd.Context(), o, c.stdout, c.stderr)
			if err != nil {
				return err
			}
			return verdictCode(verdict)
		},
	}
	c.addAsOf(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.Ledger, "ledger", "", "ledger as CSV with a header row or as Parquet")
	flags.StringVar(&o.Settlement, "settlement", "", "settlement file")
	flags.StringVar(&o.Format, "format", "", "format of the settlement file, where its content does not tell")
	flags.StringVar(&o.Out, "out", "", "file to write the result to; its ending chooses xlsx, csv, json or ndjson, and - is standard output")
	flags.IntVar(&o.MemoryMiB, "memory", 512, "MiB that may be held at once; what is more goes to a temporary file")
	flags.StringVar(&o.Network, "network", "", "which network's rows of the ledger the file settles, where the ledger holds several")
	flags.StringToStringVar(&o.LedgerColumns, "ledger-columns", nil, "which column holds what, where the guess is wrong: payment_id=Order,amount=Gross")
	flags.StringToStringVar(&o.SettlementColumns, "settlement-columns", nil, "the same for a settlement file that is CSV, stripe or checkout: reference=psp_ref,amount=net")
	flags.StringSliceVar(&o.Statuses.Charged, "charged", nil, "statuses of the ledger that mean money was taken, beside the usual words")
	flags.StringSliceVar(&o.Statuses.Refused, "refused", nil, "statuses that mean none was")
	flags.StringSliceVar(&o.Statuses.Pending, "pending", nil, "statuses that mean neither yet")
	for _, name := range []string{"ledger", "settlement"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a misspelt flag name in the lines above
		}
	}
	return cmd
}
