# Asks one question and waits for its answer.
exec curl -s "$OPENAI_BASE_URL/chat/completions" -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \
  -d "{\"model\": \"echo\", \"messages\": [{\"role\": \"user\", \"content\": \"$COX_ATTEMPT\"}]}"
