"""What screening knows, as shipped with the program: vocabulary, lists, danger rules, and the tokenizer."""
